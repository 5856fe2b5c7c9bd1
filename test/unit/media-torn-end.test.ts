import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasTornEnd } from '@murmuration/media/has-torn-end';
import { mpegFrameBytes } from '@murmuration/media/mpeg-frame-bytes';
import { describe, expect, it } from 'vitest';

const bytesOf = (file: Buffer) => ({
  sizeBytes: file.length,
  read: async (start: number, end: number) => file.subarray(start, end),
});
const isTorn = (file: Buffer, container: string) => hasTornEnd(bytesOf(file), container);
const mp3 = readFileSync(join(import.meta.dirname, '../fixtures/audio/whats-the-weather-like.mp3'));

describe('an mp3', () => {
  it('that is whole is not torn, with a tag at its end neither', async () => {
    expect(await isTorn(mp3, 'mp3')).toBe(false);
    expect(await isTorn(Buffer.concat([mp3, Buffer.from('TAG'.padEnd(128, ' '))]), 'mp3')).toBe(false);
  });

  it('without its last 20 bytes is torn', async () => {
    expect(await isTorn(mp3.subarray(0, -20), 'mp3')).toBe(true);
  });

  it('is not looked for in other bytes', async () => {
    expect(await isTorn(Buffer.alloc(20_000, 0x55), 'mp3')).toBe(false);
    expect(await isTorn(Buffer.alloc(0), 'mp3')).toBe(false);
    expect(await isTorn(mp3.subarray(0, -20), 'wav')).toBe(false);
  });

  // Version, layer, kbit/s and Hz of the header, and the length that ISO 11172-3 and 13818-3 give it
  it.each([
    ['mpeg 1 layer 3, 128, 44100', 'fffb9000', 417],
    ['the same with padding', 'fffb9200', 418],
    ['mpeg 2 layer 3, 64, 22050', 'fff38000', 208],
    ['mpeg 2.5 layer 3, 32, 8000', 'ffe34800', 288],
    ['mpeg 1 layer 2, 192, 48000', 'fffda400', 576],
    ['mpeg 1 layer 1, 256, 32000', 'ffff8800', 384],
    ['an open rate', 'fffb0000', undefined],
    ['no header', '00000000', undefined],
  ])('has frames of known length: %s', (_, hex, length) => {
    expect(mpegFrameBytes(Buffer.from(hex, 'hex'), 0)).toBe(length);
  });
});

describe('an ogg', () => {
  const page = (lacing: number[]) => {
    const head = Buffer.alloc(27);
    head.write('OggS', 'latin1');
    head[26] = lacing.length;
    const bodyBytes = lacing.reduce((sum, length) => sum + length, 0);
    return Buffer.concat([head, Buffer.from(lacing), Buffer.alloc(bodyBytes, 1)]);
  };
  const whole = Buffer.concat([page([255, 10]), page([255, 0])]);

  it('is torn within a page, its head, or a packet that goes on in the next page', async () => {
    expect(await isTorn(whole, 'ogg')).toBe(false);
    expect(await isTorn(whole.subarray(0, -1), 'ogg')).toBe(true);
    expect(await isTorn(Buffer.concat([whole, page([40]).subarray(0, 20)]), 'ogg')).toBe(true);
    expect(await isTorn(Buffer.concat([whole, page([255])]), 'ogg')).toBe(true);
  });
});

describe('a caf', () => {
  const chunk = (name: string, length: bigint) => {
    const head = Buffer.alloc(12);
    head.write(name, 'latin1');
    head.writeBigInt64BE(length, 4);
    return head;
  };
  const of = (dataBytes: bigint, held: number) =>
    Buffer.concat([
      Buffer.from('caff\0\x01\0\0'),
      chunk('free', 0n),
      chunk('data', dataBytes),
      Buffer.alloc(held),
    ]);

  it('is torn where its last chunk is longer than the file', async () => {
    expect(await isTorn(of(100n, 100), 'caf')).toBe(false);
    expect(await isTorn(of(-1n, 100), 'caf')).toBe(false);
    expect(await isTorn(of(100n, 99), 'caf')).toBe(true);
  });
});
