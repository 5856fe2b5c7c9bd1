import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { jobIdOf, jobIdOfSource } from '@murmuration/pipeline/jobs/job-id';
import { keys } from '@murmuration/pipeline/keys';
import type { Clock, MediaInfo, ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import type { JobRequest, Jobs, Ledger } from '../api-ports.ts';
import type { ApiJob, ApiJobSummary } from '../contract/api-job.ts';
import { JobId } from '../contract/resource-id.ts';
import { apiObjectKey } from './api-object-key.ts';
import type { DynamoTable, TableUpdate } from './dynamo-table.ts';
import type { FetchedRecording } from './fetch-recording.ts';
import type { JobExecutions } from './job-executions.ts';
import { executionOf, JobItem, jobPlace } from './job-item.ts';
import type { ObjectFolder } from './s3-object-folder.ts';
import { readStatus, standingOf, summaryOf } from './standing-of.ts';
import { sweepJob } from './sweep-job.ts';

export interface StepFunctionsJobsOptions {
  readonly executions: JobExecutions;
  readonly table: DynamoTable;
  readonly store: ObjectStore;
  readonly folder: ObjectFolder;
  /** Where the lanes keep what they heard. */
  readonly cache?: TranscriptCache | undefined;
  /** Brings the recording to this key, where only this job uses it. */
  readonly fetchRecording: (request: JobRequest, key: string) => Promise<FetchedRecording>;
  /** What the header of a recording of the bucket says. */
  readonly probe: (key: string) => Promise<Pick<MediaInfo, 'durationSeconds' | 'channels'>>;
  /** Removes the upload that a removed job was made of. */
  readonly removeUpload: (owner: string, id: string) => Promise<void>;
  /** Each job is booked before it begins, by what its header says, and settled when it has ended, by what was heard. */
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Of a recording whose header does not say how long it is, more seconds are booked than it has: few have 32 kbit/s. */
const LEAST_BYTES_A_SECOND = 4000;

/** A function runs no longer: what has not begun then never will by itself. */
const BEGINNING_MILLISECONDS = 15 * 60_000;

const SILENT_MILLISECONDS = BEGINNING_MILLISECONDS;

/** Of a list. Each is one or two requests. */
const JOBS_AT_ONCE = 16;

const ended = ['done', 'partial', 'failed'];

const heardOf = (status: JobStatus | undefined): number =>
  status?.heardSeconds ?? status?.durationSeconds ?? 0;

/**
 * Jobs are executions of the kit's state machine, named after them and when they were begun: begun twice, they run once,
 * and one that was removed runs again where the same request comes again.
 */
export function stepFunctionsJobs(options: StepFunctionsJobsOptions): Jobs {
  const { executions, table, store, folder, ledger, clock, fetchRecording, probe } = options;

  async function find(owner: string, id: string): Promise<JobItem | undefined> {
    // DynamoDB refuses names that are too long
    if (!JobId.safeParse(id).success) return undefined;
    const item = await table.get(jobPlace(owner, id));
    return item && JobItem.parse(item);
  }

  /** False where it was removed meanwhile. */
  async function note(
    owner: string,
    { id, createdAt }: JobItem,
    update: string,
    values: TableUpdate['values'],
  ): Promise<boolean> {
    const condition = 'createdAt = :createdAt';
    const change = { update, condition, values: { ...values, ':createdAt': createdAt } };
    return (await table.change(jobPlace(owner, id), change)) !== undefined;
  }

  /** Not one that came again under this id meanwhile. */
  const forget = (owner: string, { id, createdAt }: JobItem) =>
    table.remove(jobPlace(owner, id), { condition: 'createdAt = :at', values: { ':at': createdAt } });

  const setBegun = (owner: string, job: JobItem) => note(owner, job, 'SET begun = :yes', { ':yes': true });

  const standing = async (job: JobItem): Promise<ApiJob> => {
    const status = await readStatus(job, store);
    return settled(job, status, await standingOf(job, { store, folder }, status));
  };
  const summary = async (job: JobItem): Promise<ApiJobSummary> => {
    const status = await readStatus(job, store);
    return settled(job, status, await summaryOf(job, { folder }, status));
  };

  /** What a job that has ended held is settled, whoever hears of its end first. */
  async function settled<Job extends ApiJobSummary>(
    job: JobItem,
    status: JobStatus | undefined,
    found: Job,
  ): Promise<Job> {
    const now = ended.includes(found.state) ? found : await asItRuns(job, found);
    if (ended.includes(now.state)) {
      await ledger.settle(executionOf(job), now.state === 'failed' ? 0 : heardOf(status));
    }
    return now;
  }

  /** Whether a job that says nothing for long still runs: whoever stopped it may not have told. */
  async function asItRuns<Job extends ApiJobSummary>(job: JobItem, found: Job): Promise<Job> {
    if (clock() - found.updated_at * 1000 < SILENT_MILLISECONDS) return found;
    // Where nobody can say it, it goes on, as far as anybody knows
    const status = await executions.status(job).catch(() => 'RUNNING' as const);
    const error = status === undefined ? neverBegun : brokenOff[status];
    return error === undefined ? found : { ...found, state: 'failed', error };
  }

  async function create(request: JobRequest): Promise<ApiJob> {
    const { id, owner, name, model, source } = request;
    const before = await find(owner, id);
    if (before?.begun) return standing(before);
    if (before !== undefined) {
      // It may run, and only who began it died
      if ((await executions.status(before)) !== undefined) {
        await setBegun(owner, before);
        return standing({ ...before, begun: true });
      }
      const isUnderWay = !before.brokeOff && clock() - before.createdAt < BEGINNING_MILLISECONDS;
      if (isUnderWay) return standing(before);
      await ledger.settle(executionOf(before), 0);
      await discard(owner, before, undefined);
    }
    const createdAt = clock();
    const job: JobItem = {
      ...{ id, name, model, createdAt, begun: false },
      sourceKey: apiObjectKey(owner, { id, createdAt }),
      ...(source.kind === 'upload' && { uploadId: source.uploadId }),
    };
    // Before anything lies in the bucket: what breaks off below is seen, and can be begun again or removed
    if (!(await table.putNew({ ...jobPlace(owner, id), ...job }, 0))) {
      // The same request came twice at once
      const other = await find(owner, id);
      if (other === undefined) throw removedMeanwhile(id);
      return standing(other);
    }
    try {
      return await begin(request, job);
    } catch (error) {
      await breakOff(owner, job).catch(() => undefined);
      throw error;
    }
  }

  async function begin(request: JobRequest, job: JobItem): Promise<ApiJob> {
    const { id, owner, model } = request;
    const key = job.sourceKey;
    const { etag, sizeBytes } = await fetchRecording(request, key);
    const { durationSeconds, channels } = await probe(key);
    // A header may say 0, too
    const longSeconds = durationSeconds || sizeBytes / LEAST_BYTES_A_SECOND;
    const seconds = longSeconds * (request.options.channels === 'separate' ? channels : 1);
    if (!(await ledger.spend(request.key, seconds, executionOf(job)))) throw budgetSpent(seconds);
    const written = JSON.stringify(request.options);
    await store.write(keys.options(key), written, { contentType: 'application/json' });
    const jobId = jobIdOf({ sourceKey: key, etag, options: request.options, model });
    // Known before anything is written under it, so that whoever removes the job finds that
    if (!(await note(owner, job, 'SET jobId = :job', { ':job': jobId }))) throw removedMeanwhile(id);
    const named = { ...job, jobId };
    const upload = { kind: 'media-uploaded', key, etag, sizeBytes, uploadedAt: clock() } as const;
    await executions.begin(named, upload);
    if (await setBegun(owner, named)) return standing({ ...named, begun: true });
    await ledger.settle(executionOf(named), 0);
    await executions.stop(named);
    await discard(owner, named, undefined);
    throw removedMeanwhile(id);
  }

  /** Leaves nothing of a job that did not begin. Where nobody can say whether it did, or it did, it is found there later. */
  async function breakOff(owner: string, job: JobItem): Promise<void> {
    const isMine = await note(owner, job, 'SET brokeOff = :yes', { ':yes': true });
    if (isMine && (await executions.status(job)) !== undefined) return;
    await ledger.settle(executionOf(job), 0);
    await folder.remove(job.sourceKey);
    if (isMine) await forget(owner, job);
  }

  /** Deletes all of it, and sees to it that what still works on it leaves nothing either. */
  async function discard(owner: string, job: JobItem, status: JobStatus | undefined): Promise<void> {
    const { sourceKey } = job;
    // One that failed before its options were read has a name by its source alone
    const known = [job.jobId, status?.jobId, jobIdOfSource(sourceKey)];
    const jobIds = [...new Set(known.filter((id) => id !== undefined))];
    const removed = JSON.stringify({ removedAt: new Date(clock()).toISOString() });
    for (const id of jobIds) await store.write(keys.removed(id), removed);
    const traces = { sourceKey, jobIds };
    // Before the rest, which may break off
    await executions.sweepLater(job, traces);
    await sweepJob(traces, options);
    await forget(owner, job);
  }

  return {
    create,
    async get(owner, id) {
      const job = await find(owner, id);
      return job && standing(job);
    },
    async list(owner, { cursor, limit }) {
      const { pk, sk: prefix } = jobPlace(owner, '');
      const after = cursor && jobPlace(owner, cursor).sk;
      // One more says whether there is another page
      const items = await table.page(pk, prefix, { after, limit: limit + 1 });
      const page = items.slice(0, limit).map((item) => JobItem.parse(item));
      return {
        jobs: await pLimit(JOBS_AT_ONCE).map(page, summary),
        nextCursor: items.length > limit ? page.at(-1)?.id : undefined,
      };
    },
    async remove(owner, id) {
      const job = await find(owner, id);
      if (job === undefined) return false;
      const status = await readStatus(job, store);
      const now = await settled(job, status, await summaryOf(job, { folder }, status));
      if (!ended.includes(now.state)) {
        // What was heard was used; what was not is its key's again. Before it stops: then all of it would be
        const { done_seconds: done, total_seconds: total } = now.progress;
        const heardShare = total === null || total === 0 ? 0 : done / total;
        await ledger.settle(executionOf(job), heardShare * heardOf(status));
        await executions.stop(job);
      }
      if (job.uploadId !== undefined) await options.removeUpload(owner, job.uploadId);
      await discard(owner, job, status);
      return true;
    },
  };
}

function removedMeanwhile(id: string): MurmurationError {
  return new MurmurationError('conflict', `${id} was removed while it was begun: send the request again`);
}

/** Executions that ended without a word in the bucket. */
const brokenOff: Partial<Record<ExecutionStatus, { code: string; message: string }>> = {
  ABORTED: { code: 'aborted', message: 'whoever runs the kit stopped it: send the request again' },
  TIMED_OUT: { code: 'internal', message: 'it did not end within a day' },
  FAILED: { code: 'internal', message: 'it broke off: send the request again' },
};

const neverBegun = { code: 'internal', message: 'its beginning broke off: send the request again' };

function budgetSpent(seconds: number): MurmurationError {
  return new MurmurationError(
    'budget-spent',
    `the recording has ${Math.round(seconds)} s, more than is left of this key's budget for the month: wait for the next month, or ask for more`,
  );
}
