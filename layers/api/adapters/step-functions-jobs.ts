import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import type { Clock, MediaInfo, ObjectStore } from '@murmuration/pipeline/ports';
import type { JobRequest, Jobs, Ledger } from '../api-ports.ts';
import type { ApiJob } from '../contract/api-job.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { JobItem, jobPlace } from './job-item.ts';
import type { ObjectFolder } from './s3-object-folder.ts';
import { readStatus, standingOf } from './standing-of.ts';

/** Where a job's recording lies once it is in the bucket. */
export interface FetchedRecording {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
}

export interface StepFunctionsJobsOptions {
  readonly stateMachineArn: string;
  readonly table: DynamoTable;
  readonly store: ObjectStore;
  readonly folder: ObjectFolder;
  /** Brings the recording to where only this job uses it. */
  readonly fetchRecording: (request: JobRequest) => Promise<FetchedRecording>;
  /** What the header of a recording of the bucket says. */
  readonly probe: (key: string) => Promise<Pick<MediaInfo, 'durationSeconds' | 'channels'>>;
  /** Each job is booked before it begins, by what its header says, and settled when it has ended, by what was heard. */
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** @default one that takes region and keys from the environment */
  readonly client?: SFNClient | undefined;
}

/** Of a recording whose header does not say how long it is, more seconds are booked than it has: few have 32 kbit/s. */
const LEAST_BYTES_A_SECOND = 4000;

/** A function runs no longer: what has not begun then never will by itself. */
const BEGINNING_MILLISECONDS = 15 * 60_000;

const SILENT_MILLISECONDS = BEGINNING_MILLISECONDS;

const ended = ['done', 'partial', 'failed'];

const heardOf = (status: JobStatus | undefined): number =>
  status?.heardSeconds ?? status?.durationSeconds ?? 0;

/**
 * Jobs are executions of the kit's state machine, named after them and when they were begun: begun twice, they run once,
 * and one that was removed runs again where the same request comes again. Step Functions keeps a name for 90 days.
 */
export function stepFunctionsJobs(options: StepFunctionsJobsOptions): Jobs {
  const { stateMachineArn, table, store, folder, ledger, clock, client = new SFNClient({}) } = options;
  const { fetchRecording, probe } = options;

  const arnOf = (job: JobItem) =>
    `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${executionOf(job)}`;

  async function stop(job: JobItem): Promise<void> {
    await client
      .send(new StopExecutionCommand({ executionArn: arnOf(job), cause: 'its owner removed it' }))
      .catch(unlessUnknown);
  }

  /** Undefined where there is none of this job. */
  async function executionStatus(job: JobItem): Promise<ExecutionStatus | undefined> {
    const asked = new DescribeExecutionCommand({ executionArn: arnOf(job) });
    return (await client.send(asked).catch(unlessUnknown))?.status;
  }

  async function setBegun(owner: string, id: string): Promise<boolean> {
    const begun = await table.change(jobPlace(owner, id), {
      update: 'SET begun = :yes',
      condition: 'attribute_exists(pk)',
      values: { ':yes': true },
    });
    return begun !== undefined;
  }

  async function find(owner: string, id: string): Promise<JobItem | undefined> {
    const item = await table.get(jobPlace(owner, id));
    return item && JobItem.parse(item);
  }

  /** What a job that has ended held is settled, whoever hears of its end first. */
  async function standing(job: JobItem): Promise<ApiJob> {
    const status = await readStatus(job, store);
    const found = await standingOf(job, { store, folder }, status);
    const now = ended.includes(found.state) ? found : await asItRuns(job, found);
    if (ended.includes(now.state)) {
      await ledger.settle(executionOf(job), now.state === 'failed' ? 0 : heardOf(status));
    }
    return now;
  }

  /** Whether a job that says nothing for long still runs: whoever stopped it may not have told. */
  async function asItRuns(job: JobItem, found: ApiJob): Promise<ApiJob> {
    if (clock() - found.updated_at * 1000 < SILENT_MILLISECONDS) return found;
    // Where nobody can say it, it goes on, as far as anybody knows
    const status = await executionStatus(job).catch(() => 'RUNNING' as const);
    const error = status === undefined ? neverBegun : brokenOff[status];
    return error === undefined ? found : { ...found, state: 'failed', error };
  }

  async function create(request: JobRequest): Promise<ApiJob> {
    const { id, owner, name, model } = request;
    const before = await find(owner, id);
    if (before?.begun) return standing(before);
    // It may run, and only who began it died
    if (before !== undefined && (await executionStatus(before)) !== undefined) {
      await setBegun(owner, id);
      return standing({ ...before, begun: true });
    }
    const { key, etag, sizeBytes } = await fetchRecording(request);
    const { durationSeconds, channels } = await probe(key).catch(async (error: unknown) => {
      // Of what is no recording nobody would know that it is there
      if (before === undefined) await folder.remove(key);
      throw error;
    });
    // A header may say 0, too
    const longSeconds = durationSeconds || sizeBytes / LEAST_BYTES_A_SECOND;
    const seconds = longSeconds * (request.options.channels === 'separate' ? channels : 1);
    const now = clock();
    // Before anything is booked: what breaks off below is seen, and can be begun again or removed
    const added = { id, name, model, sourceKey: key, createdAt: now, begun: false };
    const isNew = before === undefined && (await table.putNew({ ...jobPlace(owner, id), ...added }, 0));
    // Where the same request came twice at once, both begin what the first of them wrote down
    const job = isNew ? added : (before ?? (await find(owner, id)));
    if (job === undefined) throw removedMeanwhile(id);
    if (!(await ledger.spend(request.key, seconds, executionOf(job)))) {
      await folder.remove(key);
      await table.removeAll([jobPlace(owner, id)]);
      throw budgetSpent(seconds);
    }
    await store.write(keys.options(key), JSON.stringify(request.options), {
      contentType: 'application/json',
    });
    const input = JSON.stringify({ kind: 'media-uploaded', key, etag, sizeBytes, uploadedAt: now });
    await client
      .send(new StartExecutionCommand({ stateMachineArn, name: executionOf(job), input }))
      .catch((error: unknown) => {
        if (!(error instanceof ExecutionAlreadyExists)) throw unavailable(error);
      });
    if (!(await setBegun(owner, id))) {
      await ledger.settle(executionOf(job), 0);
      await stop(job);
      await folder.remove(key);
      throw removedMeanwhile(id);
    }
    return standing({ ...job, begun: true });
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
        jobs: await Promise.all(page.map(standing)),
        nextCursor: items.length > limit ? page.at(-1)?.id : undefined,
      };
    },
    async remove(owner, id) {
      const job = await find(owner, id);
      if (job === undefined) return false;
      const [status, now] = [await readStatus(job, store), await standing(job)];
      if (!ended.includes(now.state)) {
        // What was heard was used; what was not is its key's again. Before it stops: then all of it would be
        const { done_seconds: done, total_seconds: total } = now.progress;
        const heardShare = total === null || total === 0 ? 0 : done / total;
        await ledger.settle(executionOf(job), heardShare * heardOf(status));
        await stop(job);
      }
      await folder.remove(job.sourceKey);
      await folder.remove(`${keys.transcriptsPrefix}${job.sourceKey}`);
      if (status !== undefined) await folder.remove(`${keys.jobsPrefix}${status.jobId}/`);
      await table.removeAll([jobPlace(owner, id)]);
      return true;
    },
  };
}

/** 80 characters at most. */
const executionOf = ({ id, createdAt }: JobItem) => `${id}-${createdAt}`;

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

function unlessUnknown(error: unknown): undefined {
  if (error instanceof ExecutionDoesNotExist) return undefined;
  throw unavailable(error);
}

function unavailable(cause: unknown): MurmurationError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new MurmurationError('store-unavailable', `Step Functions cannot be reached: ${reason}. try again`, {
    cause,
  });
}
