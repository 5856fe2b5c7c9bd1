import { executionProviders } from '@murmuration/whisper/execution-providers';
import type { RunRequest, Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import { openWorkerSession } from '@murmuration/whisper/worker-session';
import type { CapturedOptions } from './captured-options.ts';

/** The graphs that models/graph_captured.py writes. */
const FILES = ['begin.onnx', 'step.onnx', 'finish.onnx', 'weights.json'];

export function hasCapturedGraphs({ files }: Model['manifest']): boolean {
  return FILES.every((name) => Object.hasOwn(files, name));
}

/**
 * The model with its decoder's steps captured as CUDA graphs, in a thread of its own; it has run once when this comes back.
 * Throws as `openSession`.
 */
export async function openCapturedSession(
  { folder, manifest }: Pick<Model, 'folder' | 'manifest'>,
  options: Pick<
    CapturedOptions,
    'provider' | 'deviceId' | 'cuda' | 'encoderCuda' | 'capture' | 'shareWeights' | 'captureLock'
  >,
): Promise<Session> {
  executionProviders([options.provider], options.deviceId);
  const { audioContext, textContext } = manifest.dimensions;
  const { alignmentHeads } = manifest;
  const data: CapturedOptions = { ...options, folder, audioContext, textContext, alignmentHeads };
  const session = await openWorkerSession(
    new URL('./captured-thread.mjs', import.meta.url),
    data,
    manifest.id,
  );
  try {
    await session.run(trial(manifest));
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

const TRIAL_POSITIONS = 50;

/** A second of silence, and more tokens than begin.onnx alone chooses. */
function trial({ tokens, dimensions }: Model['manifest']): RunRequest {
  const masks = new Float32Array(dimensions.vocabulary);
  masks[tokens.endOfText] = -1e9;
  return {
    ...{
      pcm: new Float32Array(TRIAL_POSITIONS * 320),
      rows: 1,
      lengths: [TRIAL_POSITIONS],
      silenceStride: 0,
    },
    ...{
      audioPositions: [TRIAL_POSITIONS],
      prompts: [[tokens.startOfTranscript]],
      startOfTranscriptIndex: 0,
    },
    ...{ maxNewTokens: [8], masks: { steps: 1, data: masks }, forced: [], probeTokens: [tokens.noSpeech] },
    ...{ temperatures: [0], seeds: [0n], timestamps: false, alignment: false },
  };
}
