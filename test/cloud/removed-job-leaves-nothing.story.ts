import { setTimeout as wait } from 'node:timers/promises';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { JobTraces } from '@murmuration/api/adapters/sweep-job';
import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { callApi, endedJob } from './call-api.ts';
import { createApiKey, ownerOf } from './create-api-key.ts';
import {
  acceptedInferences,
  cachedSegments,
  invoke,
  list,
  logged,
  misbehave,
  outputs,
  publish,
  put,
  text,
  twin,
} from './kit.ts';
import { speech } from './speech.ts';

const steps = new SFNClient(awsAccess(twin.endpoint));

/** What waits to be swept of a job of the API. */
async function sweeping(id: string): Promise<JobTraces> {
  const stateMachineArn = outputs.removalMachine;
  const { executions = [] } = await steps.send(new ListExecutionsCommand({ stateMachineArn }));
  const { executionArn, status } = executions.find(({ name }) => name!.startsWith(id))!;
  expect(status).toBe('RUNNING');
  const { input } = await steps.send(new DescribeExecutionCommand({ executionArn }));
  return JobTraces.parse(JSON.parse(input!));
}

/** Begins a job of a recording of its owner's. */
async function begin(key: string) {
  const s3_key = `${keys.uploadsPrefix}owners/${ownerOf(key)}/talk`;
  await put(s3_key, speech());
  return callApi(key, '/v1/jobs', { body: { s3_key } });
}

const remove = async (key: string, id: string) =>
  expect((await callApi(key, `/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(200);

/** All that is of a job, but for the word that it was removed. */
async function traces(id: string, { jobIds }: JobTraces): Promise<string[]> {
  const ofJob = (key: string) => [id, ...jobIds].some((name) => key.includes(name));
  return (await list()).filter((key) => ofJob(key) && !key.startsWith(keys.removedPrefix));
}

it('leaves nothing of a job that is removed when it is done: no object, no answer of the endpoint, no segment in the cache', async () => {
  const key = await createApiKey();
  const { id } = await endedJob(key, await begin(key));
  expect(await cachedSegments()).toBeGreaterThan(0);
  const before = await list('async/out/');
  expect(before.length).toBeGreaterThan(0);
  await remove(key, id);
  expect(await traces(id, await sweeping(id))).toEqual([]);
  expect(await list('async/out/')).not.toEqual(before);
  expect(await cachedSegments()).toBe(0);
});

it('takes nothing of what comes after a job was removed, and sweeps what the endpoint still answered', async () => {
  await misbehave({ kind: 'slow', seconds: 8 });
  const key = await createApiKey();
  const { id } = JSON.parse((await begin(key)).text);
  let accepted: string[] = [];
  while (accepted.length === 0) {
    await wait(200);
    const status = (await list(keys.transcriptsPrefix)).find((each) => each.includes(id));
    if (status === undefined) continue;
    accepted = await acceptedInferences(JobStatus.parse(JSON.parse(await text(status))).jobId);
  }
  await remove(key, id);
  const swept = await sweeping(id);
  expect(await traces(id, swept)).toEqual([]);

  // The endpoint had read its sound before that was deleted, and answers now
  const [inferenceId] = accepted;
  const late = `${keys.asyncOutput(swept.jobIds[0]!)}/late.out`;
  await put(late, '{}');
  const outputLocation = `s3://${outputs.bucket}/${late}`;
  await publish({ invocationStatus: 'Completed', inferenceId, responseParameters: { outputLocation } });
  let heard: string[] = [];
  while (heard.length === 0) {
    await wait(200);
    heard = (await logged(inferenceId!)).filter((line) => line.includes('inference-unknown'));
  }
  expect(await traces(id, swept)).toEqual([late]);
  await invoke(outputs.sweeper, swept);
  expect(await traces(id, swept)).toEqual([]);
});
