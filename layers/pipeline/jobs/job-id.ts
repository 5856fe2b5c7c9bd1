import { createHash } from 'node:crypto';
import type { JobOptions } from '../contract/job.ts';

/** All that a job's result depends on. */
export interface JobIdInput {
  readonly sourceKey: string;
  readonly etag: string;
  readonly options: JobOptions;
  readonly model: string;
}

/** 32 hex digits; the same upload with the same options for the same model is the same job. */
export function jobIdOf({ sourceKey, etag, options, model }: JobIdInput): string {
  const { decoding, channels, preprocess, formats, edits } = options;
  // Sorted, so that it does not matter who wrote the options in which order
  const sorted = Object.entries(decoding).sort(([a], [b]) => (a < b ? -1 : 1));
  return shortHash([
    sourceKey,
    etag,
    sorted,
    channels,
    preprocess,
    [...formats].sort(),
    model,
    ...(edits === undefined ? [] : [edits]),
  ]);
}

/** Where a job failed before anybody could read its options. */
export const jobIdOfSource = (sourceKey: string): string => shortHash([sourceKey]);

/** 32 hex digits of whatever JSON can hold. */
export function shortHash(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
