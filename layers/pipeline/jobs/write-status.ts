import { isDeepStrictEqual } from 'node:util';
import { JobStatus } from '../contract/job-status.ts';
import { keys } from '../keys.ts';
import type { Clock, ObjectStore } from '../ports.ts';
import { readJson } from './read-json.ts';
import { writeJson } from './write-json.ts';

/**
 * Says how a job stands, in its own folder and beside its transcripts. Answers false where just that stood there
 * already: then nothing is written, and who runs a second time leaves the same bytes.
 */
export async function writeStatus(
  status: Omit<JobStatus, 'updatedAt'>,
  { store, clock }: { store: ObjectStore; clock: Clock },
): Promise<boolean> {
  const { jobId, sourceKey } = status;
  const places = [keys.status(jobId), keys.sourceStatus(sourceKey)];
  const before = await Promise.all(
    places.map((key) => readJson(store, key, JobStatus).catch(() => undefined)),
  );
  const now: JobStatus = { ...status, updatedAt: new Date(clock()).toISOString() };
  const isKnown = (known: JobStatus | undefined) =>
    known !== undefined && isDeepStrictEqual({ ...known, updatedAt: now.updatedAt }, withoutGaps(now));
  if (before.every(isKnown)) return false;
  for (const key of places) await writeJson(store, key, now);
  return true;
}

/** As JSON keeps it. */
const withoutGaps = (status: JobStatus): unknown => JSON.parse(JSON.stringify(status));
