import { LRUCache } from 'lru-cache';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';
import type { TranscriptCache } from '../ports.ts';
import { checkedKey } from './checked-key.ts';
import { checkedTranscript } from './checked-transcript.ts';

export interface MemoryCacheOptions {
  /** Segments kept, at most; the one that was not asked for the longest is forgotten first. */
  readonly maxEntries: number;
  /** @default never */
  readonly ttlSeconds?: number | undefined;
  /** Milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** Keeps transcripts as long as the process lives. Throws `invalid-argument`. */
export function memoryCache({ maxEntries, ttlSeconds, now = Date.now }: MemoryCacheOptions): TranscriptCache {
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new MurmurationError('invalid-argument', `maxEntries is ${maxEntries}: give a whole number from 1`);
  }
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) {
    throw new MurmurationError(
      'invalid-argument',
      `ttlSeconds is ${ttlSeconds}: give a number above 0, or none`,
    );
  }
  const entries = new LRUCache<string, { readonly transcript: SegmentTranscript; readonly savedAt: number }>({
    max: maxEntries,
  });
  return {
    async get(key) {
      const entry = entries.get(checkedKey(key));
      if (entry === undefined) return undefined;
      if (ttlSeconds !== undefined && now() - entry.savedAt >= ttlSeconds * 1000) {
        entries.delete(key);
        return undefined;
      }
      // A copy, as from a file: whoever changes it changes no one else's
      return structuredClone(entry.transcript);
    },
    async set(key, transcript) {
      entries.set(checkedKey(key), { transcript: checkedTranscript(transcript), savedAt: now() });
    },
  };
}
