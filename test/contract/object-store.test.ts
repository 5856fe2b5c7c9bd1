import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeS3, startFakeS3 } from './fake-s3.ts';

/** S3's own: only the last part may be smaller. */
const PART_BYTES = 5 << 20;

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startFakeS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.fail(undefined);
  s3.objects.clear();
});

function openS3(): ObjectStore {
  const client = new S3Client({
    endpoint: s3.url,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return s3ObjectStore({ bucket: 'kit', client, partBytes: PART_BYTES });
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const big = new Uint8Array(2 * PART_BYTES + 7).map((_, index) => index % 251);

async function* parts(body: Uint8Array, partBytes: number, failure?: Error) {
  for (let start = 0; start < body.length; start += partBytes) yield body.subarray(start, start + partBytes);
  if (failure) throw failure;
}

describe.each([
  { name: 'memoryObjectStore', open: memoryObjectStore },
  { name: 's3ObjectStore', open: openS3 },
])('an object store: $name', ({ open }) => {
  it('gives back what was written, bytes or text, and the later of two', async () => {
    const store = open();
    await store.write('jobs/ä b/1+2.json', bytes(1, 2, 3));
    expect(await store.read('jobs/ä b/1+2.json')).toEqual(bytes(1, 2, 3));
    await store.write('jobs/ä b/1+2.json', '„Kraftwerk“', { contentType: 'text/plain' });
    expect(new TextDecoder().decode(await store.read('jobs/ä b/1+2.json'))).toBe('„Kraftwerk“');
  });

  it('knows nothing under another key', async () => {
    const store = open();
    await store.write('a', 'a');
    expect(await store.read('b')).toBeUndefined();
    expect(await store.read('b', { start: 0, end: 1 })).toBeUndefined();
    await expect(store.open('b')).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('reads a range, and what there is of one that goes too far', async () => {
    const store = open();
    await store.write('a', bytes(0, 1, 2, 3, 4));
    expect(await store.read('a', { start: 1, end: 3 })).toEqual(bytes(1, 2));
    expect(await store.read('a', { start: 3, end: 9 })).toEqual(bytes(3, 4));
    expect(await store.read('a', { start: 2, end: 2 })).toEqual(bytes());
    expect(await store.read('a', { start: 5, end: 9 })).toEqual(bytes());
  });

  it('writes streams of any size, also none', async () => {
    const store = open();
    for (const body of [big, bytes(1, 2, 3), bytes()]) {
      await store.writeStream('a', parts(body, 1_000_003));
      const found = await store.read('a');
      expect(Buffer.compare(found!, body)).toBe(0);
    }
  });

  it.each([0, 3, PART_BYTES + 3])(
    'leaves what was there where a stream breaks after %i bytes',
    async (size) => {
      const store = open();
      await store.write('a', 'before');
      const failure = new Error('the decoder died');
      await expect(store.writeStream('a', parts(big.subarray(0, size), 1_000_003, failure))).rejects.toBe(
        failure,
      );
      await expect(store.writeStream('b', parts(big.subarray(0, size), 1_000_003, failure))).rejects.toBe(
        failure,
      );
      expect(new TextDecoder().decode(await store.read('a'))).toBe('before');
      expect(await store.read('b')).toBeUndefined();
      expect(s3.openUploads()).toBe(0);
    },
  );

  it('opens an object, in this version or none', async () => {
    const store = open();
    await store.write('a', bytes(0, 1, 2, 3));
    await expect(store.open('a', { etag: '0'.repeat(32) })).rejects.toMatchObject({ code: 'file-not-found' });
    const etag = createHash('md5')
      .update(bytes(0, 1, 2, 3))
      .digest('hex');
    const source = await store.open('a', { etag });
    expect(source).toMatchObject({ name: 'a', sizeBytes: 4 });
    expect(await source.read(1, 3)).toEqual(bytes(1, 2));
    await store.write('a', bytes(9, 9, 9, 9));
    await expect(source.read(1, 3)).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

describe('S3', () => {
  it.each([500, 403])('that answers %i is unavailable, and may be asked again', async (status) => {
    const store = openS3();
    await store.write('a', 'a');
    const source = await store.open('a');
    s3.fail(status);
    for (const attempt of [
      () => store.read('a'),
      () => store.write('a', 'b'),
      () => store.writeStream('a', parts(big, PART_BYTES)),
      () => store.open('a'),
      () => source.read(0, 1),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'store-unavailable',
        retryable: true,
        message: expect.stringContaining('"a" in S3'),
      });
    }
  });
});
