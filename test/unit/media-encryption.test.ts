import { findEncryption } from '@murmuration/media/find-encryption';
import { describe, expect, it } from 'vitest';

function box(type: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const clear = box('mp4a', Buffer.alloc(28));
const locked = (scheme: string) =>
  box('enca', Buffer.alloc(28), box('sinf', box('schm', Buffer.alloc(4), scheme, Buffer.alloc(4))));

function track(kind: 'soun' | 'vide', entry: Buffer): Buffer {
  const table = box('minf', box('stbl', box('stsd', Buffer.alloc(8), entry)));
  return box('trak', box('mdia', box('hdlr', Buffer.alloc(8), kind, Buffer.alloc(13)), table));
}

const film = (...tracks: Buffer[]) =>
  Buffer.concat([
    box('ftyp', 'isom'),
    box('mdat', Buffer.alloc(100_000)),
    box('moov', box('mvhd'), ...tracks),
  ]);

function encryptionOf(file: Buffer, container = 'mov,mp4,m4a,3gp,3g2,mj2') {
  const reads: number[] = [];
  const bytes = {
    sizeBytes: file.length,
    read: async (start: number, end: number) => {
      reads.push(start);
      return file.subarray(start, end);
    },
  };
  return findEncryption(bytes, container).then((found) => ({ found, reads: reads.length }));
}

describe('encryption', () => {
  it.each([
    ['cenc', 'Common Encryption, cenc'],
    ['cbcs', 'Common Encryption, cbcs'],
    ['itun', 'FairPlay'],
    ['abcd', 'abcd'],
  ])('of an mp4 by the scheme %s is found', async (scheme, name) => {
    expect((await encryptionOf(film(track('soun', locked(scheme))))).found).toBe(name);
  });

  it('of an audio book is found', async () => {
    const entry = box('aavd', Buffer.alloc(28), box('adrm', Buffer.alloc(8)));
    expect((await encryptionOf(film(track('soun', entry)))).found).toBe('Audible');
  });

  it('costs two reads where the index lies at the end', async () => {
    expect((await encryptionOf(film(track('soun', clear)))).reads).toBe(2);
  });

  it('is none where the sound is clear, be the picture locked, or one of two tracks clear', async () => {
    for (const tracks of [
      [track('soun', clear)],
      [track('vide', locked('cenc')), track('soun', clear)],
      [track('soun', locked('cenc')), track('soun', clear)],
    ]) {
      expect((await encryptionOf(film(...tracks))).found).toBeUndefined();
    }
  });

  it('is none where boxes make no sense', async () => {
    for (const file of [
      Buffer.alloc(0),
      Buffer.alloc(5),
      Buffer.alloc(100),
      Buffer.alloc(100, 0xff),
      film(),
    ]) {
      expect((await encryptionOf(file)).found).toBeUndefined();
    }
    const cut = film(track('soun', locked('cenc')));
    expect((await encryptionOf(cut.subarray(0, cut.length - 90))).found).toBeUndefined();
  });

  it('of a wma is found by its object', async () => {
    const object = Buffer.from('fbb3112223bdd211b4b700a0c955fc6e', 'hex');
    expect((await encryptionOf(Buffer.concat([Buffer.alloc(100), object]), 'asf')).found).toBe(
      'Windows Media DRM',
    );
    expect((await encryptionOf(Buffer.alloc(100), 'asf')).found).toBeUndefined();
  });
});
