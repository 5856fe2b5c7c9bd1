import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { readableJson } from '@murmuration/pipeline/jobs/read-json';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import type { ObjectFolder } from './s3-object-folder.ts';

/** What the lanes have left of a job that goes on. */
export interface HeardSoFar {
  readonly doneSeconds: number;
  /** One of each batch, in order: where both lanes answered, the CPU's, as merging takes it. */
  readonly attempts: readonly { readonly index: number; readonly key: string }[];
}

export interface TextSoFar {
  /** Batches in their order, and … where one is missing between two. */
  readonly text: string;
  readonly language: string | null;
}

const READS_AT_ONCE = 16;
const noText: TextSoFar = { text: '', language: null };

/** Asks for the names of its batches, and reads none. */
export async function heardSoFar(
  { jobId, batches, durationSeconds }: JobStatus,
  folder: Pick<ObjectFolder, 'list'>,
): Promise<HeardSoFar> {
  if (batches === undefined || durationSeconds === undefined) return { doneSeconds: 0, attempts: [] };
  const attempts = attemptsIn(await folder.list(`${keys.jobsPrefix}${jobId}/batches/`));
  // They are of much the same length
  return { attempts, doneSeconds: Math.min(1, attempts.length / Math.max(1, batches)) * durationSeconds };
}

/** What is to be edited is not shown before it is. */
export async function textSoFar(
  sourceKey: string,
  { attempts }: HeardSoFar,
  store: ObjectStore,
): Promise<TextSoFar> {
  if (attempts.length === 0) return noText;
  const options = await readableJson(store, keys.options(sourceKey), JobOptions);
  const { replace = [], redact = [] } = options?.edits ?? {};
  if (options === undefined || replace.length + redact.length > 0) return noText;
  const results = await pLimit(READS_AT_ONCE).map(attempts, async ({ index, key }) => ({
    index,
    result: await readableJson(store, key, BatchResult),
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
  return { text: pieces.join(' '), language: heard.at(-1)?.transcripts.at(-1)?.language ?? null };
}

function attemptsIn(found: readonly string[]): HeardSoFar['attempts'] {
  const attempts = new Map<number, string>();
  for (const key of [...found].sort().reverse()) {
    const [, index] = /\/batches\/(\d+)\/attempt-\w+\.json$/.exec(key) ?? [];
    if (index !== undefined) attempts.set(Number(index), key);
  }
  return [...attempts].map(([index, key]) => ({ index, key })).sort((a, b) => a.index - b.index);
}
