import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { logged, publish } from './kit.ts';

it('takes no harm from the callback of an inference that it never asked for', async () => {
  const inferenceId = randomUUID();
  await publish({
    invocationStatus: 'Completed',
    requestParameters: { endpointName: 'another', contentType: 'application/json' },
    responseParameters: { contentType: 'application/json', outputLocation: 's3://another/async/out/1.out' },
    inferenceId,
    eventVersion: '1.0',
    eventSource: 'aws:sagemaker',
    eventName: 'InferenceResult',
  });
  let lines: string[] = [];
  while (lines.length === 0) {
    await wait(200);
    lines = await logged(inferenceId);
  }
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'INFO', message: 'inference-unknown' },
  ]);
});
