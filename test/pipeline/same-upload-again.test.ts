import { memoryCache } from '@murmuration/pipeline/cache/memory-cache';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

it('ends at once where the same upload was delivered before', async () => {
  const engine = numberEngine();
  const { ports, upload } = portsInMemory({ engine });
  const { jobId } = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
  const again = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
  expect(again).toEqual({ kind: 'already-delivered', jobId });
  expect(engine.heard).toEqual([1, 2, 3]);
});

it('is another job with another content, other options, or where another was delivered in between', async () => {
  const engine = numberEngine();
  const { ports, store, upload, text } = portsInMemory({ engine });
  const first = await runJob(await upload('uploads/a.wav', '1'), { ports });
  const second = await runJob(await upload('uploads/a.wav', '2'), { ports });
  const third = await runJob(await upload('uploads/a.wav', '1'), { ports });
  expect(await text('transcripts/uploads/a.wav.txt')).toBe('1.\n');
  await store.write('uploads/a.wav.options.json', JSON.stringify({ formats: ['txt'] }));
  const fourth = await runJob(await upload('uploads/a.wav', '1'), { ports });
  expect([first, second, third, fourth].map(({ kind }) => kind)).toEqual(Array(4).fill('transcript-ready'));
  expect(third.jobId).toBe(first.jobId);
  expect(new Set([first, second, fourth].map(({ jobId }) => jobId)).size).toBe(3);
});

it('is made anew where somebody deleted one of its transcripts', async () => {
  const { ports, store, upload, text } = portsInMemory();
  await runJob(await upload('uploads/a.wav', '1 2'), { ports });
  store.delete('transcripts/uploads/a.wav.txt');
  const again = await runJob(await upload('uploads/a.wav', '1 2'), { ports });
  expect(again).toMatchObject({ kind: 'transcript-ready', state: 'done' });
  expect(await text('transcripts/uploads/a.wav.txt')).toBe('1. 2.\n');
});

it('takes from the cache what was heard in another recording', async () => {
  const engine = numberEngine();
  const { ports, counted, upload, json } = portsInMemory({ engine, cache: memoryCache({ maxEntries: 100 }) });
  await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
  const { jobId } = await runJob(await upload('uploads/b.wav', '1 2 3 4'), { ports });
  expect(engine.heard).toEqual([1, 2, 3, 4]);
  expect(await json(`jobs/${jobId}/status.json`)).toMatchObject({ state: 'done', cachedSegments: 3 });
  expect(counted).toContainEqual(['CacheHits', 3]);
  expect(counted).toContainEqual(['CacheMisses', 1]);
});
