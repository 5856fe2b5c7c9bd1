import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { text, transcribe } from './kit.ts';
import { speech } from './speech.ts';

// Each of them is written in another way in some URL, event or template on the way
it.each([`a b+c %20 ü "x"`, `it's {odd} <here> $.key & done #1?`, '話 🎧 ~(1)!*'])(
  'carries the name %s from the upload to the transcripts',
  async (name) => {
    const { key, status } = await transcribe(`odd/${name}.flac`, speech());

    expect(status).toMatchObject({ state: 'done', sourceKey: key, lanes: { gpu: 1, cpu: 0 } });
    expect(status.outputs?.['txt']).toBe(keys.transcript(key, 'txt'));
    expect(await text(keys.transcript(key, 'txt'))).toMatch(/ask not what your country can do for you/i);
  },
);
