import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SegmentTranscript } from '../contract/transcript.ts';
import { MurmurationError, systemCode } from '../errors.ts';
import type { TranscriptCache } from '../ports.ts';
import { checkedKey } from './checked-key.ts';
import { checkedTranscript } from './checked-transcript.ts';
import { defaultCacheFolder } from './default-cache-folder.ts';
import { sweepFolder } from './sweep-folder.ts';

/** 30 s of timed words are some 10 kB; what is far larger was written by nobody we know. */
const MAX_ENTRY_BYTES = 4 << 20;

/** One file. It names its own key, so that a file that was moved or copied is never taken for another's. */
const Entry = z.strictObject({
  format: z.literal(1),
  key: z.string(),
  savedAt: z.number().nonnegative(),
  transcript: SegmentTranscript,
});

export interface FolderCacheOptions {
  /** Made when first written to. @default `murmuration/transcripts` in $XDG_CACHE_HOME or ~/.cache */
  readonly folder?: string | undefined;
  /** @default 256 MiB, some 200 hours with word times */
  readonly maxBytes?: number | undefined;
  /** From when it was written. @default 30 days */
  readonly ttlSeconds?: number | undefined;
  /** Milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** Told once, where the folder cannot be written to: that costs time, not the transcript. */
  readonly onProblem?: ((message: string) => void) | undefined;
}

/**
 * Keeps transcripts in a folder, one JSON file a segment, readable by their owner alone. Several processes may share
 * it. What cannot be read is a miss and is removed. Throws `invalid-argument`.
 */
export function folderCache({
  folder = defaultCacheFolder(),
  maxBytes = 256 * 1024 * 1024,
  ttlSeconds = 30 * 24 * 3600,
  now = Date.now,
  onProblem,
}: FolderCacheOptions = {}): TranscriptCache {
  for (const [name, value] of Object.entries({ maxBytes, ttlSeconds })) {
    if (value > 0) continue;
    throw new MurmurationError('invalid-argument', `${name} is ${value}: give a number above 0`);
  }
  const ttlMilliseconds = ttlSeconds * 1000;
  const pathOf = (key: string) => join(folder, checkedKey(key).slice(0, 2), `${key}.json`);
  let totalBytes: Promise<number> | undefined;
  let writtenBytes = 0;
  let failed = false;

  async function get(key: string): Promise<SegmentTranscript | undefined> {
    const path = pathOf(key);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    // Looked at before it is opened: a pipe would never end
    const entry = found.isFile() && found.size <= MAX_ENTRY_BYTES ? await read(path) : undefined;
    if (entry?.key !== key || now() - entry.savedAt >= ttlMilliseconds) {
      await rm(path, { force: true }).catch(() => undefined);
      return undefined;
    }
    // The sweep goes by the last use
    const seconds = now() / 1000;
    await utimes(path, seconds, seconds).catch(() => undefined);
    return entry.transcript;
  }

  async function set(key: string, transcript: SegmentTranscript): Promise<void> {
    const path = pathOf(key);
    const savedAt = now();
    const text = JSON.stringify({ format: 1, key, savedAt, transcript: checkedTranscript(transcript) });
    const draft = join(dirname(path), `.${randomUUID()}.tmp`);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
      await utimes(draft, savedAt / 1000, savedAt / 1000);
      await rename(draft, path);
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => undefined);
      report(cause);
      return;
    }
    await makeRoom(Buffer.byteLength(text));
  }

  /** Sweeps at the first write, and whenever what this process wrote since may have filled the folder. */
  async function makeRoom(sizeBytes: number): Promise<void> {
    const known = totalBytes === undefined ? undefined : await totalBytes;
    writtenBytes += sizeBytes;
    if (known !== undefined && known + writtenBytes <= maxBytes) return;
    writtenBytes = 0;
    totalBytes = sweepFolder(folder, { maxBytes, ttlMilliseconds, nowMilliseconds: now() });
    await totalBytes;
  }

  function report(cause: unknown): void {
    if (failed) return;
    failed = true;
    const why = systemCode(cause) ?? String(cause);
    onProblem?.(
      `transcripts are not cached, for "${folder}" cannot be written to (${why}): check the folder`,
    );
  }

  return { get, set };
}

async function read(path: string): Promise<z.infer<typeof Entry> | undefined> {
  try {
    const parsed = Entry.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
