import type { BatchResult } from '../contract/batch-result.ts';
import type { DecodingOptions } from '../contract/decoding.ts';
import type { TranscriptCache } from '../ports.ts';
import { heardLanguages } from '../transcripts/heard-languages.ts';
import { hearSegments } from './hear-segments.ts';
import type { MeasuredEngine } from './measured-engine.ts';
import type { Hearable } from './second-look.ts';

/** What a lane hears in a batch, and what its device worked for it. Throws what engine and cache throw. */
export async function hearBatch(
  segments: readonly Hearable[],
  decoding: DecodingOptions,
  ports: { readonly engine: MeasuredEngine; readonly cache?: TranscriptCache | undefined },
  signal?: AbortSignal,
): Promise<Pick<BatchResult, 'transcripts' | 'cached' | 'cacheKeys' | 'segmentSeconds' | 'engineSeconds'>> {
  const { engine, cache } = ports;
  const { workedSeconds } = engine;
  const cacheKeys = new Set<string>();
  const noting: TranscriptCache | undefined = cache && {
    // Whatever is kept was asked for before
    get(key) {
      cacheKeys.add(key);
      return cache.get(key);
    },
    set: cache.set,
  };
  const heard = await hearSegments(segments, decoding, heardLanguages(), { engine, cache: noting }, signal);
  return {
    ...heard,
    ...(cacheKeys.size > 0 && { cacheKeys: [...cacheKeys] }),
    // The first that the engine is asked for; what comes after are second looks
    segmentSeconds: workedSeconds.slice(0, segments.length - heard.cached),
    engineSeconds: workedSeconds.reduce((sum, seconds) => sum + seconds, 0),
  };
}
