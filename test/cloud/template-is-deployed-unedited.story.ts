import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { awsAccess, awsEnvironment } from './aws-access.ts';
import { differences, synthesize } from './deploy-template.ts';
import { twin } from './kit.ts';

it('runs the very template that the CDK synthesizes', async () => {
  const folder = mkdtempSync(join(twin.folder, 'again-'));
  const assembly = { folder: join(folder, 'cdk.out'), logFile: join(folder, 'cdk.log') };
  await synthesize(assembly, twin.settings);
  expect(await differences(assembly, awsEnvironment(awsAccess(twin.endpoint)))).toBe('');
});
