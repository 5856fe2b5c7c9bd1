import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { type Engine, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { attentionDelaySeconds } from './attention-delay.ts';
import { checkAudio, isNothing } from './check-audio.ts';
import { closingEngine } from './closing-engine.ts';
import { contextOptions, planContext } from './context.ts';
import type { Session } from './graph-run.ts';
import { climbLadder, type Outcome } from './ladder.ts';
import { resolveLanguage } from './languages.ts';
import { loadModel, type Model } from './load-model.ts';
import { createMasks } from './masks.ts';
import { parseOptions } from './parse-options.ts';
import { buildPrompt } from './prompt.ts';
import type { DecodedRow } from './read-attempts.ts';
import { createRowDecoder, type DecoderParts } from './row-decoder.ts';
import { nothingSaid, toSegmentTranscript } from './segment-transcript.ts';
import { openSession, type SessionOptions } from './session.ts';
import { openTensorRtSession } from './tensorrt-session.ts';
import { loadTokenizer } from './tokenizer.ts';

export interface ModelEngineOptions extends SessionOptions {
  /** Folder with manifest.json, graph and tokenizer.json. */
  readonly modelFolder: string;
  /** Segments of one run, at most. @default 2 on the CPU, where more outgrow its caches; 16 on a GPU */
  readonly batchSize?: number | undefined;
}

const BATCH_SIZE = { cpu: 2, cuda: 16 } as const;

/** The largest that was measured; on a GPU 128 was no faster than 64. */
const LARGEST_BATCH = 128;

/** Where the engine gets its session and its encoder contexts from; tests and benches bring their own. */
export interface EnginePorts {
  /** @default onnxruntime's */
  readonly openSession?: (model: Model, options: SessionOptions & { batchSize: number }) => Promise<Session>;
  /** @default the rule that was measured to be the best */
  readonly planContext?: typeof planContext;
}

/** An engine of one model. Throws `model-not-found`, `model-corrupt`, `invalid-argument` or `out-of-memory`. */
export async function createModelEngine(
  options: ModelEngineOptions,
  ports: EnginePorts = {},
): Promise<Engine> {
  const model = await loadModel(options.modelFolder);
  const { manifest } = model;
  const batchSize = options.batchSize ?? BATCH_SIZE[manifest.graph.target];
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > LARGEST_BATCH) {
    throw new MurmurationError(
      'invalid-argument',
      `batch size is ${batchSize}: give a whole number from 1 to ${LARGEST_BATCH}`,
    );
  }
  const tokenizer = await loadTokenizer(model.tokenizerPath, manifest.tokens.endOfText);
  const usesTensorRt = manifest.graph.target === 'cuda' && options.providers?.includes('tensorrt');
  const open = ports.openSession ?? (usesTensorRt ? openTensorRtSession : openSession);
  const session = await open(model, { ...options, batchSize });
  const planner = ports.planContext ?? planContext;
  const masks = createMasks(manifest);
  const parts: DecoderParts = { manifest, tokenizer, session, masks, batchSize, planContext: planner };
  return closingEngine({
    modelId: manifest.id,
    modelSha256: manifest.files[manifest.graph.file]!.sha256,
    timesWords: manifest.alignmentHeads.length > 0,
    transcribe: (...request) => transcribe(parts, ...request),
    close: () => session.close(),
  });
}

async function transcribe(
  parts: DecoderParts,
  ...[segments, input, signal, settled]: Parameters<Engine['transcribe']>
): Promise<SegmentTranscript[]> {
  const { manifest, tokenizer } = parts;
  const options = parseOptions(input);
  if (options.words && manifest.alignmentHeads.length === 0) {
    throw new MurmurationError(
      'invalid-argument',
      `model ${manifest.id} has no alignment heads and cannot time words: turn words off, or use another model`,
    );
  }
  const language = resolveLanguage(options.language, manifest);
  // Also where there is nothing to decode, so that a wrong option never depends on the audio
  buildPrompt(options, language, manifest, tokenizer);
  for (const [index, pcm] of segments.entries()) checkAudio(pcm, index);
  const spokenAt = [...segments.keys()].filter((index) => !isNothing(segments[index]!));
  const spoken = spokenAt.map((index) => segments[index]!);
  const contexts = spoken.map((pcm) =>
    options.shortContext ? parts.planContext(pcm.length, 'short', contextOptions(manifest)).kind : 'full',
  );
  const decode = createRowDecoder(parts, spoken, options, language, signal);
  const delaySeconds = attentionDelaySeconds(manifest);
  const audioOf = (index: number) => ({ seconds: segments[index]!.length / SAMPLE_RATE_HERTZ, language });
  // Words are timed once
  const heard = new Map<number, SegmentTranscript>();
  const keep = (outcome: Outcome<DecodedRow>, index: number): SegmentTranscript => {
    const kept =
      heard.get(index) ?? toSegmentTranscript(outcome, audioOf(index), options, { tokenizer, delaySeconds });
    heard.set(index, kept);
    return kept;
  };
  const passed =
    settled &&
    ((outcomes: ReadonlyMap<number, Outcome<DecodedRow>>) =>
      settled(
        [...outcomes].map(([nth, outcome]) => ({
          index: spokenAt[nth]!,
          transcript: keep(outcome, spokenAt[nth]!),
        })),
      ));
  for (const [nth, outcome] of (await climbLadder(contexts, options, decode, passed)).entries()) {
    keep(outcome, spokenAt[nth]!);
  }
  return segments.map((_, index) => heard.get(index) ?? nothingSaid(audioOf(index), options));
}
