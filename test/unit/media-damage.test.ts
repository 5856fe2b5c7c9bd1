import { declaredSeconds } from '@murmuration/media/declared-seconds';
import { findDamage, tellsOfDamage } from '@murmuration/media/find-damage';
import type { ProbedMedia } from '@murmuration/media/probed-media';
import { wavDeclaredSeconds } from '@murmuration/media/wav-declared-seconds';
import { describe, expect, it } from 'vitest';

describe('findDamage', () => {
  const ending = { decodedSeconds: 11, declaredSeconds: 11, damagedPackets: 0, isTorn: false };

  it('finds none in a sound file, nor where nothing was promised', () => {
    expect(findDamage(ending)).toEqual([]);
    expect(findDamage({ ...ending, declaredSeconds: undefined })).toEqual([]);
  });

  it('says how much of a cut-off file was decoded', () => {
    expect(findDamage({ ...ending, decodedSeconds: 3.21 })).toEqual([
      'ended early: 3.2 s of 11.0 s decoded; the file is cut off or damaged',
    ]);
  });

  it('tolerates codec delay in a short file, and half a second in a long one, but no more', () => {
    expect(findDamage({ ...ending, declaredSeconds: 2, decodedSeconds: 1.9 })).toEqual([]);
    expect(findDamage({ ...ending, declaredSeconds: 2, decodedSeconds: 1.8 })).toHaveLength(1);
    expect(findDamage({ ...ending, declaredSeconds: 36_000, decodedSeconds: 35_999.6 })).toEqual([]);
    expect(findDamage({ ...ending, declaredSeconds: 36_000, decodedSeconds: 35_999.4 })).toHaveLength(1);
  });

  it('does not mind more audio than was promised', () => {
    expect(findDamage({ ...ending, decodedSeconds: 20 })).toEqual([]);
  });

  it('counts damaged packets', () => {
    expect(findDamage({ ...ending, damagedPackets: 2 })).toEqual([
      'damaged: 2 packets could not be decoded, words may be missing there',
    ]);
  });

  it('tells of a torn end where nothing else does', () => {
    expect(findDamage({ ...ending, isTorn: true })).toEqual([
      'ended within a packet, after 11.0 s; the file is cut off',
    ]);
    expect(findDamage({ ...ending, isTorn: true, decodedSeconds: 3 })).toHaveLength(1);
  });
});

describe('tellsOfDamage', () => {
  it.each([
    ['Error while decoding stream #0:0: Invalid data found when processing input', true],
    ['[aist#0:0/mp3 @ 0x5] [dec:mp3float @ 0x5] Error submitting packet to decoder: Invalid data', true],
    ['[ogg @ 0x5648cb2d3840] CRC mismatch!', true],
    ['[matroska,webm @ 0x556d1f3b8880] File ended prematurely', true],
    ['[mp3 @ 0x5] Estimating duration from bitrate, this may be inaccurate', false],
  ])('%s: %s', (line, told) => expect(tellsOfDamage(line)).toBe(told));
});

describe('declaredSeconds', () => {
  const audio = { index: 0, codec: 'aac', sampleRateHertz: 44_100, channels: 2, durationSeconds: 10 };
  const probed: ProbedMedia = {
    container: 'mov,mp4',
    containerDurationSeconds: 12,
    streams: ['audio (aac)'],
    audio,
  };
  const declared = (changes: Partial<ProbedMedia>) =>
    declaredSeconds({ bytes: undefined }, { ...probed, ...changes });
  const endless = { ...audio, durationSeconds: null };

  it('believes the audio stream first', async () => {
    expect(await declared({})).toBe(10);
  });

  it('believes the container where audio is alone in it', async () => {
    expect(await declared({ audio: endless })).toBe(12);
    expect(await declared({ audio: endless, streams: ['video (h264)', 'audio (aac)'] })).toBeUndefined();
  });

  it('believes no format that guesses from the bit rate', async () => {
    expect(await declared({ container: 'aac' })).toBeUndefined();
  });

  it('believes an mp3 only where whole samples were counted', async () => {
    expect(
      await declared({ container: 'mp3', audio: { ...audio, durationSeconds: 441_123 / 44_100 } }),
    ).toBeCloseTo(10, 1);
    expect(
      await declared({ container: 'mp3', audio: { ...audio, durationSeconds: 10.000_015 } }),
    ).toBeUndefined();
  });
});

describe('wavDeclaredSeconds', () => {
  function chunk(name: string, body: Buffer, sizeBytes = body.length): Buffer {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(sizeBytes, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  }
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt32LE(32_000, 8);

  const declared = (...chunks: Buffer[]) => {
    const wav = Buffer.concat([Buffer.from('RIFF....WAVE'), ...chunks]);
    return wavDeclaredSeconds({
      sizeBytes: wav.length,
      read: async (start, end) => wav.subarray(start, end),
    });
  };

  it('reads the promise, not what is there', async () => {
    expect(await declared(chunk('fmt ', format), chunk('data', Buffer.alloc(10), 64_000))).toBe(2);
  });

  it('reads what is there where the header promises less', async () => {
    const promised = chunk('data', Buffer.alloc(32_000));
    const hidden = Buffer.alloc(64_000, 0xf0);
    const wav = [chunk('fmt ', format), promised];
    expect(await declared(...wav, hidden)).toBe(3);
    expect(await declared(...wav, hidden.subarray(0, 128))).toBe(1);
    expect(await declared(...wav, chunk('LIST', hidden))).toBe(1);
    expect(await declared(...wav, Buffer.alloc(64_000))).toBe(1);
  });

  it('steps over other chunks, also of odd length', async () => {
    const list = chunk('LIST', Buffer.alloc(7));
    expect(await declared(list, chunk('fmt ', format), list, chunk('data', Buffer.alloc(0), 32_000))).toBe(1);
  });

  it.each([0, 0xffff_ffff])('takes a length of %d for unknown: a stream was being written', async (size) => {
    expect(await declared(chunk('fmt ', format), chunk('data', Buffer.alloc(8), size))).toBeUndefined();
  });

  it('promises nothing for a codec whose writers guess, such as adpcm', async () => {
    const adpcm = Buffer.from(format);
    adpcm.writeUInt16LE(0x11, 0);
    expect(await declared(chunk('fmt ', adpcm), chunk('data', Buffer.alloc(8), 64_000))).toBeUndefined();
  });

  it('promises nothing for a torn header', async () => {
    expect(await declared(chunk('fmt ', format.subarray(0, 6)))).toBeUndefined();
    expect(await declared()).toBeUndefined();
  });
});
