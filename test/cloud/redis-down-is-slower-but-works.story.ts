import { expect, it } from 'vitest';
import { metricCount, misbehave, runRedis, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('transcribes without the cache when Redis is down, and counts one error', async () => {
  await misbehave({ kind: 'absent' });
  const before = await metricCount('CacheErrors');
  await runRedis(false);
  const { status, transcript } = await transcribe('redis-down/jfk.flac', speech());

  expect(status).toMatchObject({ state: 'done', cachedSegments: 0, lanes: { gpu: 0, cpu: 1 } });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  expect(await metricCount('CacheErrors')).toBe(before + 1);
});
