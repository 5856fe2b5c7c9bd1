import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  paginateListExecutions,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { Report } from '@murmuration/pipeline/contract/report';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { keys } from '@murmuration/pipeline/keys';
import { awsAccess } from './aws-access.ts';

/** What a job that did not fail left. */
interface Delivered {
  readonly key: string;
  readonly status: JobStatus;
  readonly transcript: Transcript;
  readonly report: Report;
}

/** A kit as its users see it: recordings go in, executions run, transcripts come out. */
export interface DeployedKit {
  /** Where a story uploads what it calls `name`: in a folder of this object, for a twin may stay up for several runs. */
  uploadKey(name: string): string;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** Undefined where there is none. */
  get(key: string): Promise<Buffer | undefined>;
  /** Keys of all objects, or of those that begin so. */
  list(prefix?: string): Promise<string[]>;
  /** Throws where there is none. */
  text(key: string): Promise<string>;
  /** All runs of the state machine for one upload, newest first, once they have ended; waits for at least so many. */
  ended(uploadKey: string, runs?: number): Promise<DescribeExecutionOutput[]>;
  statusOf(uploadKey: string): Promise<JobStatus>;
  delivered(uploadKey: string): Promise<Delivered>;
  /** Puts a recording and waits for the end of its job. */
  transcribe(name: string, media: Uint8Array): Promise<Delivered>;
}

export interface KitOutputs {
  readonly bucket: string;
  /** ARN */
  readonly stateMachine: string;
}

/** The kit that these outputs belong to, on the local AWS at `endpoint`. */
export function deployedKit(endpoint: string, { bucket, stateMachine }: KitOutputs): DeployedKit {
  const s3 = new S3Client(awsAccess(endpoint));
  const stepFunctions = new SFNClient(awsAccess(endpoint));
  const run = randomUUID().slice(0, 8);

  const uploadKey = (name: string) => `${keys.uploadsPrefix}${run}/${name}`;

  async function put(key: string, body: string | Uint8Array): Promise<void> {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  }

  async function get(key: string): Promise<Buffer | undefined> {
    try {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from(await object.Body!.transformToByteArray());
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async function list(Prefix = ''): Promise<string[]> {
    const found: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
      found.push(...Contents.map(({ Key }) => Key!));
    }
    return found;
  }

  async function text(key: string): Promise<string> {
    const bytes = await get(key);
    if (!bytes) throw new Error(`there is no ${key}`);
    return bytes.toString();
  }

  const json = async (key: string): Promise<unknown> => JSON.parse(await text(key));

  async function executionsOf(key: string): Promise<DescribeExecutionOutput[]> {
    const found: DescribeExecutionOutput[] = [];
    for await (const page of paginateListExecutions(
      { client: stepFunctions },
      { stateMachineArn: stateMachine },
    )) {
      for (const { executionArn } of page.executions ?? []) {
        const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
        if (JSON.parse(execution.input!).key === key) found.push(execution);
      }
    }
    return found;
  }

  async function ended(key: string, runs = 1): Promise<DescribeExecutionOutput[]> {
    for (;;) {
      const executions = await executionsOf(key);
      const running = executions.some(({ status }) => status === 'RUNNING');
      if (executions.length >= runs && !running) return executions;
      await wait(200);
    }
  }

  const statusOf = async (key: string) => JobStatus.parse(await json(keys.sourceStatus(key)));

  async function delivered(key: string): Promise<Delivered> {
    const status = await statusOf(key);
    const transcript = Transcript.parse(await json(keys.transcript(key, 'json')));
    const report = Report.parse(await json(keys.report(status.jobId)));
    return { key, status, transcript, report };
  }

  async function transcribe(name: string, media: Uint8Array): Promise<Delivered> {
    const key = uploadKey(name);
    await put(key, media);
    await ended(key);
    return delivered(key);
  }

  return { uploadKey, put, get, list, text, ended, statusOf, delivered, transcribe };
}
