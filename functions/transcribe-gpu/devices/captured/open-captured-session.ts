import { executionProviders } from '@murmuration/whisper/execution-providers';
import type { Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import { openWorkerSession } from '@murmuration/whisper/worker-session';
import type { CapturedOptions } from './captured-options.ts';

/** The graphs that models/graph_captured.py writes. */
const FILES = ['begin.onnx', 'step.onnx', 'step-wide.onnx', 'finish.onnx', 'weights.json'];

export function hasCapturedGraphs({ files }: Model['manifest']): boolean {
  return FILES.every((name) => Object.hasOwn(files, name));
}

/** The model with its decoder's steps captured as CUDA graphs, in a thread of its own. Throws as `openSession`. */
export async function openCapturedSession(
  { folder, manifest }: Model,
  options: Pick<CapturedOptions, 'provider' | 'deviceId' | 'cuda' | 'capture' | 'shareWeights' | 'fewRows'>,
): Promise<Session> {
  executionProviders([options.provider], options.deviceId);
  const data: CapturedOptions = {
    ...options,
    folder,
    audioContext: manifest.dimensions.audioContext,
    textContext: manifest.dimensions.textContext,
    alignmentHeads: manifest.alignmentHeads,
  };
  return openWorkerSession(new URL('./captured-thread.mjs', import.meta.url), data, manifest.id);
}
