import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { acceptedInferences, delivered, ended, get, misbehave, put, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('does not work twice for the same upload', async () => {
  const first = await transcribe('again/jfk.flac', speech());
  const before = await get(keys.transcript(first.key, 'json'));
  await put(first.key, speech());
  const [again] = await ended(first.key, 2);

  expect(JSON.parse(again!.output!)).toEqual({ kind: 'already-delivered', jobId: first.status.jobId });
  expect(await acceptedInferences(first.status.jobId)).toHaveLength(1);
  expect(await get(keys.transcript(first.key, 'json'))).toEqual(before);
});

it.each(['gpu', 'cpu'])(
  'takes the same speech under another name from the cache, on the %s lane',
  async (lane) => {
    if (lane === 'cpu') await misbehave({ kind: 'absent' });
    const first = await transcribe(`cached-${lane}/first.flac`, speech());
    expect(first.status).toMatchObject({ cachedSegments: 0, lanes: { [lane]: 1 } });
    const second = await transcribe(`cached-${lane}/second.flac`, speech());
    expect(second.status).toMatchObject({ cachedSegments: 1, lanes: { [lane]: 1 } });
    expect(second.transcript).toEqual(first.transcript);
    expect(await delivered(first.key)).toEqual(first);
  },
);
