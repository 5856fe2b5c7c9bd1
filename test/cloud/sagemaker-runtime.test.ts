import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { type SageMakerRuntime, startSageMakerRuntime } from './sagemaker-runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'murmuration-runtime-'));
let runtime: SageMakerRuntime;
beforeAll(async () => {
  const recordedResources = join(folder, 'recorded.jsonl');
  writeFileSync(recordedResources, endpointAsRecorded.map((line) => JSON.stringify(line)).join('\n'));
  const nowhere = 'http://127.0.0.1:9';
  runtime = await startSageMakerRuntime({ container: nowhere, recordedResources, aws: awsAccess(nowhere) });
  // Nothing of what is accepted shall run
  runtime.misbehave({ kind: 'silent' });
});
afterAll(async () => {
  await runtime.stop();
  rmSync(folder, { recursive: true, force: true });
});

function invoke(RequestTTLSeconds: number | undefined) {
  const client = new SageMakerRuntimeClient({ ...awsAccess(runtime.url), maxAttempts: 1 });
  return client.send(new InvokeEndpointAsyncCommand({ EndpointName: 'gpu', Body: '{}', RequestTTLSeconds }));
}

it.each([undefined, 60, 21_600])('takes requests that wait %s seconds at most', async (seconds) => {
  expect(await invoke(seconds)).toMatchObject({ InferenceId: runtime.accepted.at(-1) });
});

it.each([0, 59, 21_601])('refuses requests that wait %s seconds at most, as AWS does', async (seconds) => {
  const before = runtime.accepted.length;
  await expect(invoke(seconds)).rejects.toThrow(`RequestTTLSeconds is ${seconds}, not from 60 to 21600`);
  expect(runtime.accepted).toHaveLength(before);
});

const endpointAsRecorded = [
  { type: 'AWS::SageMaker::Model', physicalId: 'arn/model', properties: { PrimaryContainer: {} } },
  {
    type: 'AWS::SageMaker::EndpointConfig',
    physicalId: 'arn/config',
    properties: {
      ProductionVariants: [{ ModelName: 'model' }],
      AsyncInferenceConfig: {
        OutputConfig: {
          S3OutputPath: 's3://recordings/async/out/',
          S3FailurePath: 's3://recordings/async/failed/',
          NotificationConfig: { SuccessTopic: 'succeeded', ErrorTopic: 'failed' },
        },
      },
    },
  },
  {
    type: 'AWS::SageMaker::Endpoint',
    physicalId: 'arn/gpu',
    properties: { EndpointConfigName: 'config' },
  },
];
