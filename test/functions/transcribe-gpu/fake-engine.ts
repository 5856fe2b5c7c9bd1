import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine, Pcm } from '@murmuration/pipeline/ports';
import { createBatchLimit } from '../../../functions/transcribe-gpu/batching/batch-limit.ts';
import type { BatchedDevice } from '../../../functions/transcribe-gpu/batching/batched-device.ts';
import type { BatchingObserver } from '../../../functions/transcribe-gpu/batching/batching-observer.ts';
import { createDeviceWatch } from '../../../functions/transcribe-gpu/batching/device-watch.ts';

export interface FakeEngine extends Engine {
  /** First samples of every batch that was begun. */
  readonly batches: number[][];
}

export interface FakeEngineOptions {
  /** More rows do not fit. */
  readonly fits?: () => number;
  /** Called before a batch is answered: wait, or throw. */
  readonly before?: (firstSamples: readonly number[]) => Promise<void> | void;
}

/** Hears the first sample of each segment, as its text. */
export function fakeEngine({ fits, before }: FakeEngineOptions = {}): FakeEngine {
  const batches: number[][] = [];
  return {
    modelId: 'fake',
    modelSha256: '0'.repeat(64),
    timesWords: false,
    batches,
    async transcribe(segments) {
      const first = segments.map((pcm) => pcm[0]!);
      batches.push(first);
      await before?.(first);
      if (segments.length > (fits?.() ?? Number.POSITIVE_INFINITY)) {
        throw new MurmurationError('out-of-memory', `out of memory with ${segments.length} rows`);
      }
      return first.map((value) => heard(`${value}`));
    },
    close: async () => undefined,
  };
}

/** A segment that the fake engine hears as `name`. */
export function segmentOf(name: number, samples = 16_000): Pcm {
  return new Float32Array(samples).fill(name);
}

export function deviceOf(
  engine: Engine,
  {
    mostSegments = 8,
    name = 'gpu-0',
    now = () => 0,
  }: { mostSegments?: number; name?: string; now?: () => number } = {},
): BatchedDevice {
  const limit = createBatchLimit(
    { mostSegments, cost: undefined, latencyTargetMilliseconds: 1000, recoverMilliseconds: 1000 },
    now,
  );
  return { name, engine, limit, watch: createDeviceWatch() };
}

export const silentObserver: BatchingObserver = {
  started: () => undefined,
  finished: () => undefined,
  outOfMemory: () => undefined,
  fatal: () => undefined,
};

function heard(text: string): SegmentTranscript {
  return {
    startSeconds: 0,
    endSeconds: 1,
    text,
    tokens: [],
    language: 'en',
    languageProbability: 1,
    avgLogprob: -0.2,
    compressionRatio: 1,
    noSpeechProbability: 0,
    temperature: 0,
    context: 'full',
    fallbacks: [],
  };
}
