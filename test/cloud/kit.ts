import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { inject } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { deployedKit } from './deployed-kit.ts';
import type { EndpointFault } from './endpoint-fault.ts';

/** The twin that stories are told on: its kit, what can be made to fail in it, and what it logged. */
export const twin = inject('twin');
export const { outputs } = twin;
export const { uploadKey, put, get, list, text, ended, statusOf, delivered, transcribe } = deployedKit(
  twin.endpoint,
  outputs,
);
const aws = awsAccess(twin.endpoint);
const logs = new CloudWatchLogsClient(aws);

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
  await askCache('FLUSHALL');
}

/** How many segments the cache has. */
export async function cachedSegments(): Promise<number> {
  return (await askCache('DBSIZE')) as number;
}

async function askCache(command: string): Promise<unknown> {
  const { url, token } = twin.cache;
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify([command]) });
  if (!response.ok) throw new Error(`the cache did not do ${command}: ${await response.text()}`);
  return ((await response.json()) as { result: unknown }).result;
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
