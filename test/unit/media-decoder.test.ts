import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpegDecoder } from '@murmuration/media/ffmpeg-decoder';
import { firstInstalled, mediaDecoder } from '@murmuration/media/media-decoder';
import { nodeAvDecoder } from '@murmuration/media/node-av-decoder';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { DecodedMedia, Decoder } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';

const fixtures = join(import.meta.dirname, '../fixtures');
const wav = join(fixtures, 'audio/wreck-a-nice-beach.wav');
const answer = {} as DecodedMedia;
const unplanned = () => Promise.reject(new Error('unplanned call'));
const working: Decoder = { decode: async () => answer, decodeChannels: unplanned };
const failing = (code: 'dependency-missing' | 'media-unreadable'): Decoder => ({
  decode: () => Promise.reject(new MurmurationError(code, `no: ${code}`)),
  decodeChannels: unplanned,
});

describe('firstInstalled', () => {
  it('goes on to the next decoder when one is not installed', async () => {
    expect(await firstInstalled([failing('dependency-missing'), working]).decode(wav)).toBe(answer);
  });

  it('does not try another decoder on a file that the first cannot read', async () => {
    const decoding = firstInstalled([failing('media-unreadable'), working]).decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'media-unreadable' });
  });

  it('says what to install when there is none', async () => {
    const decoding = firstInstalled([failing('dependency-missing')]).decode(wav);
    await expect(decoding).rejects.toMatchObject({
      code: 'dependency-missing',
      message: expect.stringContaining('npm install node-av'),
      details: { missing: ['no: dependency-missing'] },
    });
  });
});

describe('mediaDecoder', () => {
  it('uses the ffmpeg that was named, and no other', async () => {
    const decoding = mediaDecoder({ ffmpegPath: '/nowhere/ffmpeg' }).decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'dependency-missing' });
  });
});

describe('nodeAvDecoder', () => {
  it('reports a crash of its process as an unreadable file', async () => {
    const decoder = nodeAvDecoder({ childPath: join(fixtures, 'decoders/crashing-child.mjs') });
    const { blocks } = await decoder.decode(wav);
    const reading = (async () => {
      for await (const block of blocks) expect(block).toHaveLength(16_000);
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'media-unreadable',
      message: expect.stringContaining('SIGSEGV'),
    });
  });

  it('reports that node-av is not installed', async () => {
    const decoding = nodeAvDecoder({ childPath: join(tmpdir(), 'node-av-child.mjs') }).decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'dependency-missing' });
  });
});

describe('ffmpegDecoder', () => {
  it('reports that ffmpeg is not installed', async () => {
    const decoding = ffmpegDecoder('/nowhere/ffmpeg').decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'dependency-missing' });
  });
});
