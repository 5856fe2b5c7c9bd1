import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  paginateListExecutions,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { Report } from '@murmuration/pipeline/contract/report';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { keys } from '@murmuration/pipeline/keys';
import { inject } from 'vitest';
import { awsAccess } from './aws-access.ts';
import type { EndpointFault } from './endpoint-fault.ts';

/** The deployed kit, as its users and operators see it: objects, executions, logs. */
const twin = inject('twin');
export const { outputs } = twin;
const aws = awsAccess(twin.endpoint);
const s3 = new S3Client(aws);
const stepFunctions = new SFNClient(aws);
const logs = new CloudWatchLogsClient(aws);
const Bucket = outputs.bucket;

/** Of its own for each file of stories: a twin may stay up for several runs. */
const run = randomUUID().slice(0, 8);

/** Where a story uploads what it calls `name`. */
export const uploadKey = (name: string): string => `${keys.uploadsPrefix}${run}/${name}`;

export async function put(key: string, body: string | Uint8Array): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: body }));
}

/** Undefined where there is none. */
export async function get(key: string): Promise<Buffer | undefined> {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
    return Buffer.from(await object.Body!.transformToByteArray());
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

export async function text(key: string): Promise<string> {
  const bytes = await get(key);
  if (!bytes) throw new Error(`there is no ${key}`);
  return bytes.toString();
}

/** All runs of the state machine for one upload, newest first. */
export async function executionsOf(uploadKey: string): Promise<DescribeExecutionOutput[]> {
  const found: DescribeExecutionOutput[] = [];
  const { stateMachine: stateMachineArn } = outputs;
  for await (const page of paginateListExecutions({ client: stepFunctions }, { stateMachineArn })) {
    for (const { executionArn } of page.executions ?? []) {
      const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      if (JSON.parse(execution.input!).key === uploadKey) found.push(execution);
    }
  }
  return found;
}

/** Waits until all runs for an upload, at least so many, have ended. */
export async function ended(uploadKey: string, runs = 1): Promise<DescribeExecutionOutput[]> {
  for (;;) {
    const executions = await executionsOf(uploadKey);
    const running = executions.some(({ status }) => status === 'RUNNING');
    if (executions.length >= runs && !running) return executions;
    await wait(200);
  }
}

/** Puts a recording and waits for the end of its job. */
export async function transcribe(name: string, media: Uint8Array) {
  const key = uploadKey(name);
  await put(key, media);
  await ended(key);
  return delivered(key);
}

export async function statusOf(uploadKey: string): Promise<JobStatus> {
  return JobStatus.parse(JSON.parse(await text(keys.sourceStatus(uploadKey))));
}

/** What a job that did not fail left. */
export async function delivered(uploadKey: string) {
  const status = await statusOf(uploadKey);
  const transcript = Transcript.parse(JSON.parse(await text(keys.transcript(uploadKey, 'json'))));
  const report = Report.parse(JSON.parse(await text(keys.report(status.jobId))));
  return { key: uploadKey, status, transcript, report };
}

/** All lines that the doors have logged so far and that hold this text. */
export async function logged(part: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of paginateDescribeLogGroups({ client: logs }, {})) {
    for (const { logGroupName } of page.logGroups ?? []) {
      const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
      lines.push(...(events ?? []).map(({ message }) => message ?? '').filter((line) => line.includes(part)));
    }
  }
  return lines;
}

/** How often a metric was written so far, by all doors. */
export async function metricCount(name: string): Promise<number> {
  return (await logged(`"Name":"${name}"`)).length;
}

/** Calls a door by itself. */
export async function invoke(functionName: string, event: unknown): Promise<unknown> {
  const url = `${twin.endpoint}/2015-03-31/functions/${functionName}/invocations`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(event) });
  return response.json();
}

/** Sends a message as SageMaker would when an inference has succeeded. */
export async function publish(message: object): Promise<void> {
  await new SNSClient(aws).send(
    new PublishCommand({ TopicArn: outputs.successTopic, Message: JSON.stringify(message) }),
  );
}

export const misbehave = (fault: EndpointFault): Promise<unknown> => control('endpoint', fault);
export const runRedis = (running: boolean): Promise<unknown> => control('redis', { running });

/** Ids of all inferences that the GPU endpoint has accepted for a job. */
export async function acceptedInferences(jobId: string): Promise<string[]> {
  const { accepted } = (await (await fetch(`${twin.control}/endpoint`)).json()) as { accepted: string[] };
  return accepted.filter((id) => id.startsWith(jobId));
}

export async function forgetCache(): Promise<void> {
  const { url, token } = twin.cache;
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(['FLUSHALL']) });
  if (!response.ok) throw new Error(`the cache was not emptied: ${await response.text()}`);
}

async function control(part: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${twin.control}/${part}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the twin answered ${response.status} ${await response.text()}`);
  return response.json();
}
