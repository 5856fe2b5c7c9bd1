import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import type { Clock, ObjectStore } from '@murmuration/pipeline/ports';
import type { JobRequest, Jobs } from '../api-ports.ts';
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
  readonly clock: Clock;
  /** @default one that takes region and keys from the environment */
  readonly client?: SFNClient | undefined;
}

/** Jobs are executions of the kit's state machine, named as they are: begun twice, they run once. */
export function stepFunctionsJobs(options: StepFunctionsJobsOptions): Jobs {
  const {
    stateMachineArn,
    table,
    store,
    folder,
    fetchRecording,
    clock,
    client = new SFNClient({}),
  } = options;
  const executionArn = (id: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${id}`;

  async function find(owner: string, id: string): Promise<JobItem | undefined> {
    const item = await table.get(jobPlace(owner, id));
    return item && JobItem.parse(item);
  }
  const standing = (job: JobItem): Promise<ApiJob> => standingOf(job, { store, folder });

  async function create(request: JobRequest): Promise<ApiJob> {
    const { id, owner, name, model } = request;
    const before = await find(owner, id);
    if (before !== undefined) return standing(before);
    const { key, etag, sizeBytes } = await fetchRecording(request);
    await store.write(keys.options(key), JSON.stringify(request.options), {
      contentType: 'application/json',
    });
    const now = clock();
    const job = { id, name, model, sourceKey: key, createdAt: now };
    const input = JSON.stringify({ kind: 'media-uploaded', key, etag, sizeBytes, uploadedAt: now });
    await client
      .send(new StartExecutionCommand({ stateMachineArn, name: id, input }))
      .catch((error: unknown) => {
        if (!(error instanceof ExecutionAlreadyExists)) throw unavailable(error);
      });
    // Listed by time, found by id: two items of the same job, and the one that is found comes last
    await table.putNew({ ...jobPlace(owner, listedAs(now, id)), ...job }, 0);
    await table.putNew({ ...jobPlace(owner, id), ...job }, 0);
    return standing(job);
  }

  return {
    create,
    async get(owner, id) {
      const job = await find(owner, id);
      return job && standing(job);
    },
    async list(owner, { cursor, limit }) {
      const { pk, sk: prefix } = jobPlace(owner, '@');
      const after = cursor === undefined ? undefined : prefix + readCursor(cursor);
      const items = await table.page(pk, prefix, { after, limit });
      const jobs = items.map((item) => JobItem.parse(item));
      const last = jobs.length < limit ? undefined : jobs.at(-1);
      return {
        jobs: await Promise.all(jobs.map(standing)),
        nextCursor: last && Buffer.from(listedAs(last.createdAt, last.id).slice(1)).toString('base64url'),
      };
    },
    async remove(owner, id) {
      const job = await find(owner, id);
      if (job === undefined) return false;
      const stop = new StopExecutionCommand({
        executionArn: executionArn(id),
        cause: 'its owner removed it',
      });
      await client.send(stop).catch((error: unknown) => {
        if (!(error instanceof ExecutionDoesNotExist)) throw unavailable(error);
      });
      const status = await readStatus(job, store);
      await folder.remove(job.sourceKey);
      await folder.remove(`${keys.transcriptsPrefix}${job.sourceKey}`);
      if (status !== undefined) await folder.remove(`${keys.jobsPrefix}${status.jobId}/`);
      await table.removeAll([jobPlace(owner, listedAs(job.createdAt, id)), jobPlace(owner, id)]);
      return true;
    },
  };
}

/** Sorts by time; of one millisecond, by id. */
const listedAs = (createdAt: number, id: string) => `@${new Date(createdAt).toISOString()}#${id}`;

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z#[\w-]+$/.test(text)) return text;
  throw new MurmurationError(
    'invalid-argument',
    'the cursor is none of this list: take next_cursor of the page before',
    { details: { param: 'cursor' } },
  );
}

function unavailable(cause: unknown): MurmurationError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new MurmurationError('store-unavailable', `Step Functions cannot be reached: ${reason}. try again`, {
    cause,
  });
}
