import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { awsAccess, awsEnvironment } from './aws-access.ts';
import { deploy, synthesize } from './deploy-template.ts';
import { deployedKit } from './deployed-kit.ts';
import { twin } from './kit.ts';
import { speech } from './speech.ts';

it('runs a second kit beside the first, on the CPU lane alone, with a key of its own', async () => {
  const folder = mkdtempSync(join(twin.folder, 'cpu-only-'));
  const assembly = { folder: join(folder, 'cdk.out'), logFile: join(folder, 'cdk.log') };
  await synthesize(assembly, { name: 'cpu-only', kms: 'on', alarmEmail: 'on-call@example.com' });
  const outputs = await deploy(assembly, awsEnvironment(awsAccess(twin.endpoint)));
  const kit = deployedKit(twin.endpoint, {
    bucket: outputs['cpu-only-storage']!['BucketName']!,
    stateMachine: outputs['cpu-only-pipeline']!['StateMachineArn']!,
  });

  const { status, transcript, report } = await kit.transcribe('jfk.flac', speech());
  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 }, cachedSegments: 0 });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  expect(report.batches).toEqual([{ index: 0, lane: 'cpu', cached: 0, failures: [] }]);
  expect(readFileSync(join(assembly.folder, 'cpu-only-inference.template.json'), 'utf8')).not.toMatch(
    /SageMaker/,
  );
});
