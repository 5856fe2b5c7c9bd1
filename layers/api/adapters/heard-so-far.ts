import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import { readObject } from './read-object.ts';
import type { ObjectFolder } from './s3-object-folder.ts';

export interface HeardSoFar {
  readonly doneSeconds: number;
  /** Batches in their order, and … where one is missing between two. */
  readonly text: string;
  readonly language: string | null;
}

const READS_AT_ONCE = 16;
const nothing: HeardSoFar = { doneSeconds: 0, text: '', language: null };

/** What the lanes have left of a job that goes on. What is to be edited is not shown before it is. */
export async function heardSoFar(
  { sourceKey, status }: { readonly sourceKey: string; readonly status: JobStatus | undefined },
  { store, folder }: { readonly store: ObjectStore; readonly folder: ObjectFolder },
): Promise<HeardSoFar> {
  const { jobId, batches, durationSeconds } = status ?? {};
  if (jobId === undefined || batches === undefined || durationSeconds === undefined) return nothing;
  const attempts = attemptsIn(await folder.list(`${keys.jobsPrefix}${jobId}/batches/`));
  // They are of much the same length
  const doneSeconds = Math.min(1, attempts.length / Math.max(1, batches)) * durationSeconds;
  const options = await readObject(store, keys.options(sourceKey), JobOptions);
  const { replace = [], redact = [] } = options?.edits ?? {};
  if (options === undefined || replace.length + redact.length > 0) return { ...nothing, doneSeconds };
  const limit = pLimit(READS_AT_ONCE);
  const results = await limit.map(attempts, async ({ index, key }) => ({
    index,
    result: await readObject(store, key, BatchResult),
  }));
  const heard = results.flatMap(({ index, result }) =>
    result === undefined ? [] : [{ index, transcripts: result.transcripts }],
  );
  let next = 0;
  const pieces = heard.flatMap(({ index, transcripts }) => {
    const gap = index > next ? ['…'] : [];
    next = index + 1;
    return [...gap, ...transcripts.map(({ text }) => text.trim()).filter((text) => text !== '')];
  });
  return {
    doneSeconds,
    text: pieces.join(' '),
    language: heard.at(-1)?.transcripts.at(-1)?.language ?? null,
  };
}

/** One of each batch, by index: where both lanes answered, the CPU's, as merging takes it. */
function attemptsIn(found: readonly string[]): { readonly index: number; readonly key: string }[] {
  const attempts = new Map<number, string>();
  for (const key of [...found].sort().reverse()) {
    const [, index] = /\/batches\/(\d+)\/attempt-\w+\.json$/.exec(key) ?? [];
    if (index !== undefined) attempts.set(Number(index), key);
  }
  return [...attempts].map(([index, key]) => ({ index, key })).sort((a, b) => a.index - b.index);
}
