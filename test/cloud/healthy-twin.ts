import { beforeEach } from 'vitest';
import { forgetCache, misbehave, runRedis } from './kit.ts';

beforeEach(async () => {
  await misbehave({ kind: 'none' });
  await runRedis(true);
  await forgetCache();
});
