import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpegDecoder } from '@murmuration/media/ffmpeg-decoder';
import { firstInstalled, mediaDecoder } from '@murmuration/media/media-decoder';
import { nodeAvDecoder } from '@murmuration/media/node-av-decoder';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { DecodedMedia, Decoder, Pcm } from '@murmuration/pipeline/ports';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasFfmpeg } from '../contract/decoders.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const wav = join(fixtures, 'audio/wreck-a-nice-beach.wav');
const answer = {} as DecodedMedia;
const unplanned = () => Promise.reject(new Error('unplanned call'));
const working: Decoder = { decode: async () => answer, decodeChannels: unplanned };
const failing = (code: 'dependency-missing' | 'media-unreadable'): Decoder => ({
  decode: () => Promise.reject(new MurmurationError(code, `no: ${code}`)),
  decodeChannels: unplanned,
});

async function readAll(blocks: AsyncIterable<Pcm>): Promise<number> {
  let samples = 0;
  for await (const block of blocks) samples += block.length;
  return samples;
}

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
  it('keeps what was heard before its process crashed', async () => {
    const decoder = nodeAvDecoder({ childPath: join(fixtures, 'decoders/crashing-child.mjs') });
    const { blocks, warnings } = await decoder.decode(wav);
    for await (const block of blocks) expect(block).toHaveLength(16_000);
    expect(warnings).toEqual([
      expect.stringMatching(/^broke off after 1\.0 s.*: the decoder died \(SIGSEGV\)$/),
    ]);
  });

  it('reports a crash in the first second as an unreadable file', async () => {
    const decoder = nodeAvDecoder({ childPath: join(fixtures, 'decoders/soon-crashing-child.mjs') });
    const { blocks } = await decoder.decode(wav);
    await expect(readAll(blocks)).rejects.toMatchObject({
      code: 'media-unreadable',
      message: expect.stringContaining('SIGSEGV'),
    });
  });

  it('reports an abort, whatever was heard', async () => {
    const decoder = nodeAvDecoder({ childPath: join(fixtures, 'decoders/crashing-child.mjs') });
    const stop = new AbortController();
    const { blocks } = await decoder.decode(wav, stop.signal);
    const reading = (async () => {
      for await (const _ of blocks) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });

  it('reports that node-av is not installed', async () => {
    const decoding = nodeAvDecoder({ childPath: join(tmpdir(), 'node-av-child.mjs') }).decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'dependency-missing' });
  });
});

describe('ffmpegDecoder', () => {
  /** Programs that find the fixture's sound and crash after some of it. */
  async function crashingAfter(samples: number): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'murmuration-ffmpeg-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const crash = `#!/bin/sh\nhead -c ${4 * samples} /dev/zero\nkill -SEGV $$\n`;
    await writeFile(join(folder, 'ffmpeg'), crash, { mode: 0o700 });
    await writeFile(join(folder, 'ffprobe'), '#!/bin/sh\nexec ffprobe "$@"\n', { mode: 0o700 });
    return join(folder, 'ffmpeg');
  }

  it.skipIf(!hasFfmpeg)(
    'keeps what was heard before the program crashed, but for less than a second',
    async () => {
      const { blocks, warnings } = await ffmpegDecoder(await crashingAfter(20_000)).decode(wav);
      expect(await readAll(blocks)).toBe(20_000);
      expect(warnings[0]).toMatch(/^broke off after 1\.3 s of .*: ffmpeg died \(SIGSEGV\)/);
      const soon = await ffmpegDecoder(await crashingAfter(8_000)).decode(wav);
      await expect(readAll(soon.blocks)).rejects.toMatchObject({ code: 'media-unreadable' });
    },
  );

  it('reports that ffmpeg is not installed', async () => {
    const decoding = ffmpegDecoder('/nowhere/ffmpeg').decode(wav);
    await expect(decoding).rejects.toMatchObject({ code: 'dependency-missing' });
  });
});
