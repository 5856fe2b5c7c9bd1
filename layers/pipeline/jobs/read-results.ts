import pMap from 'p-map';
import { BatchFailure, type BatchResult, Lane } from '../contract/batch-result.ts';
import type { Batch } from '../contract/plan.ts';
import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';
import { readAttempt } from './read-attempt.ts';
import { readJson } from './read-json.ts';
import { soundSha256 } from './sound-sha256.ts';

/** How a batch ended. */
export interface BatchOutcome {
  readonly batch: Batch;
  /** Undefined where no lane transcribed it. */
  readonly result: BatchResult | undefined;
  /** Why a lane gave it up. */
  readonly failures: readonly BatchFailure[];
}

/** A 10 h recording has some 190 batches. */
const READS_AT_ONCE = 16;

/** What the lanes left of every batch. */
export function readResults(batches: readonly Batch[], store: ObjectStore): Promise<BatchOutcome[]> {
  return pMap(batches, (batch) => readResult(batch, store), { concurrency: READS_AT_ONCE });
}

async function readResult(batch: Batch, store: ObjectStore): Promise<BatchOutcome> {
  const { jobId, index, segments } = batch;
  const planned = { jobId, index, soundSha256: soundSha256(segments) };
  // The CPU's goes first: it was only asked because the GPU's was given up, and that one may still come late
  for (const lane of ['cpu', 'gpu'] as const) {
    const result = await readAttempt(planned, lane, store);
    if (result?.transcripts.length !== segments.length) continue;
    return { batch, result, failures: lane === 'cpu' ? await readFailures(batch, ['gpu'], store) : [] };
  }
  return { batch, result: undefined, failures: await readFailures(batch, Lane.options, store) };
}

async function readFailures(
  { jobId, index }: Batch,
  lanes: readonly Lane[],
  store: ObjectStore,
): Promise<BatchFailure[]> {
  const found = await Promise.all(
    lanes.map((lane) => readJson(store, keys.batchFailure(jobId, index, lane), BatchFailure)),
  );
  return found.filter((failure) => failure !== undefined);
}
