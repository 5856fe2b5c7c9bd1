import { isDeepStrictEqual } from 'node:util';
import { JobStatus } from '../contract/job-status.ts';
import { fitsTranscripts, keys } from '../keys.ts';
import type { Clock, ObjectStore } from '../ports.ts';
import { isSuperseded } from './is-superseded.ts';
import { readableJson } from './read-json.ts';
import { writeJson } from './write-json.ts';

/**
 * Says how a job stands, in its own folder and beside its transcripts; there only as long as its source is not another's:
 * who begins (`splitting`) takes it. Answers false where just that stood there already: then nothing is written, and who
 * runs a second time leaves the same bytes.
 */
export async function writeStatus(
  status: Omit<JobStatus, 'updatedAt'>,
  { store, clock }: { store: ObjectStore; clock: Clock },
): Promise<boolean> {
  const { jobId, sourceKey, state } = status;
  const [ofJob, ofSource] = await Promise.all(
    [keys.status(jobId), keys.sourceStatus(sourceKey)].map((key) => readableJson(store, key, JobStatus)),
  );
  // Its execution was stopped while a splitter was at work, which nobody stops
  if (state === 'transcribing' && ofJob?.state === 'failed') return false;
  // Of a recording whose name is too long, S3 would not take it
  const isMine = fitsTranscripts(sourceKey) && (state === 'splitting' || !isSuperseded(status, ofSource));
  const places = [
    { key: keys.status(jobId), before: ofJob },
    ...(isMine ? [{ key: keys.sourceStatus(sourceKey), before: ofSource }] : []),
  ];
  const now: JobStatus = { ...status, updatedAt: new Date(clock()).toISOString() };
  const isKnown = (known: JobStatus | undefined) =>
    known !== undefined && isDeepStrictEqual({ ...known, updatedAt: now.updatedAt }, withoutGaps(now));
  if (places.every(({ before }) => isKnown(before))) return false;
  for (const { key } of places) await writeJson(store, key, now);
  return true;
}

/** As JSON keeps it. */
const withoutGaps = (status: JobStatus): unknown => JSON.parse(JSON.stringify(status));
