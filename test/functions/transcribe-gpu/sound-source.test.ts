import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { readSegments } from '@murmuration/pipeline/hearing/read-segments';
import { keys } from '@murmuration/pipeline/keys';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSoundPool } from '../../../functions/transcribe-gpu/sound/sound-pool.ts';
import { createSoundSource } from '../../../functions/transcribe-gpu/sound/sound-source.ts';
import { openSoundThread, type SoundThread } from '../../../functions/transcribe-gpu/sound/sound-thread.ts';
import { serveBucket } from './bucket-server.ts';

const SECOND = 32_000;
/** 40 s, of which no two samples next to each other are alike. */
const sound = Buffer.from(Int16Array.from({ length: 20 * SECOND }, (_, index) => index * 7919).buffer);
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Stretches of the sound, in seconds. */
function batchOf(...stretches: readonly (readonly [start: number, end: number])[]) {
  const segments = stretches.map(([startSeconds, endSeconds], index) => {
    const [byteStart, byteEnd] = [startSeconds * SECOND, endSeconds * SECOND];
    const speech = [{ startSeconds: 0, endSeconds: 1 }];
    const sha256 = sha256Of(sound.subarray(byteStart, byteEnd));
    return { index, startSeconds, endSeconds, overlapSeconds: 0, byteStart, byteEnd, sha256, speech };
  });
  return { jobId: 'job', segments };
}

/** What else a batch has. */
const planned = { kind: 'batch', index: 0, model: 'any', decoding: DecodingOptions.parse({}) } as const;

let bucket: Awaited<ReturnType<typeof serveBucket>>;
let threads: SoundThread[];

beforeAll(async () => {
  bucket = await serveBucket('recordings', new Map([[keys.audio('job'), sound]]));
  vi.stubEnv('AWS_ENDPOINT_URL', bucket.url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  threads = [1, 2].map(() => openSoundThread({ bucket: 'recordings' }));
});

afterAll(async () => {
  await Promise.all(threads.map((thread) => thread.close()));
  await bucket.close();
});

describe('sound that threads read', () => {
  it('is what is read without them, in memory that all threads see and that is used again', async () => {
    const pool = createSoundPool();
    const source = createSoundSource(threads, pool);
    const batch = batchOf([0, 2], [2, 32], [31, 33], [5, 6]);
    const { segments: read, letGo } = await source(batch);
    expect(read.map(({ pcm, sha256, speech }) => [sha256Of(toSixteenBit(pcm)), sha256, speech])).toEqual(
      batch.segments.map(({ sha256, speech }) => [sha256, sha256, speech]),
    );
    const memory = new Set(read.map(({ pcm }) => pcm.buffer));
    expect([...memory].map(String)).toEqual(new Array(4).fill('[object SharedArrayBuffer]'));
    letGo();
    const other = batchOf([7, 8]);
    const { segments: again } = await source(other);
    expect(memory.has(again[0]!.pcm.buffer)).toBe(true);
    expect(again.map(({ pcm }) => sha256Of(toSixteenBit(pcm)))).toEqual([other.segments[0]!.sha256]);
  });

  it('comes in memory of its own where it is longer than any engine takes', async () => {
    const pool = createSoundPool();
    const batch = batchOf([0, 31]);
    const { segments, letGo } = await createSoundSource(threads, pool)(batch);
    expect(segments.map(({ pcm }) => sha256Of(toSixteenBit(pcm)))).toEqual([batch.segments[0]!.sha256]);
    letGo();
    expect(pool.held()).toBe(0);
  });

  const [good, bad] = batchOf([0, 1], [1, 2]).segments as [Segment, Segment];
  type Segment = ReturnType<typeof batchOf>['segments'][number];
  it.each([
    ['other sound', 'audio-invalid', { jobId: 'job', segments: [good, { ...bad, sha256: good.sha256 }] }],
    ['a job that is gone', 'internal', { jobId: 'gone', segments: [good] }],
    ['an object that was cut', 'internal', batchOf([0, 1], [39, 41])],
    ['what begins behind its end', 'internal', batchOf([41, 42])],
  ])('fails as without them, and holds nothing then: %s', async (_, code, batch) => {
    const pool = createSoundPool();
    const failure = (read: Promise<unknown>) =>
      read.then(
        () => undefined,
        ({ name, code, message, details }) => ({ name, code, message, details }),
      );
    const expected = await failure(
      readSegments({ ...planned, ...batch }, s3ObjectStore({ bucket: 'recordings' })),
    );
    expect(expected).toMatchObject({ code });
    expect(await failure(createSoundSource(threads, pool)(batch))).toEqual(expected);
    expect(pool.held()).toBe(0);
  });

  it('says where the store cannot be reached', async () => {
    const elsewhere = openSoundThread({ bucket: 'elsewhere' });
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    const pool = createSoundPool();
    await expect(createSoundSource([elsewhere], pool)(batchOf([0, 1]))).rejects.toMatchObject({
      code: 'store-unavailable',
      retryable: true,
    });
    vi.stubEnv('AWS_ENDPOINT_URL', bucket.url);
    await elsewhere.close();
  });
});

it('is not waited for where the store falls silent in the midst of it', async () => {
  const silent = createServer((_request, response) => {
    response.writeHead(206, { 'content-length': SECOND });
    response.write('a');
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  const reader = openSoundThread({ bucket: 'recordings', idleMilliseconds: 100 });
  const pool = createSoundPool();
  await expect(createSoundSource([reader], pool)(batchOf([0, 1]))).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  expect([reader.busy(), pool.held()]).toEqual([0, 0]);
  vi.stubEnv('AWS_ENDPOINT_URL', bucket.url);
  await reader.close();
  silent.close().closeAllConnections();
});

describe('a thread that ends while it reads', () => {
  const thread = new URL('./ending-sound-thread.mjs', import.meta.url);
  const ending = (endings: number) => {
    const setup = { endings: new Int32Array(new SharedArrayBuffer(4)).fill(endings) };
    return openSoundThread(setup, thread);
  };

  it('is followed by another, which reads what it left', async () => {
    const reader = ending(1);
    const pool = createSoundPool();
    const { segments } = await createSoundSource([reader], pool)(batchOf([0, 1], [1, 2], [2, 3]));
    expect(segments.map(({ pcm }) => [...pcm])).toEqual([[0], [1], [2]]);
    expect(reader.busy()).toBe(0);
    await reader.close();
  });

  it('fails what two threads ended under, and is there for the next', async () => {
    const reader = ending(2);
    const pool = createSoundPool();
    const source = createSoundSource([reader], pool);
    await expect(source(batchOf([0, 1]))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/two threads ended while they read segment 0/),
    });
    expect(pool.held()).toBe(0);
    expect((await source(batchOf([0, 1]))).segments).toHaveLength(1);
    await reader.close();
  });

  const silent = () => openSoundThread({}, new URL('./silent-sound-thread.mjs', import.meta.url));

  /** Answers the pool of a request that was given up while `reader` read for it. */
  async function givenUp(reader: SoundThread) {
    const pool = createSoundPool();
    const gone = new AbortController();
    const read = createSoundSource([reader], pool)(batchOf([0, 1]), gone.signal);
    gone.abort();
    await expect(read).rejects.toMatchObject({ code: 'aborted' });
    return pool;
  }

  it('holds up nobody who has given up, and what it may still write is held until it is done', async () => {
    const reader = silent();
    const pool = await givenUp(reader);
    expect(pool.held()).toBe(1);
    await reader.close();
    await expect.poll(pool.held).toBe(0);
  });

  it('lets go what was read too late for anybody', async () => {
    const reader = ending(0);
    const pool = await givenUp(reader);
    await expect.poll(pool.held).toBe(0);
    await reader.close();
  });

  it('begins no other where it was closed, and says so', async () => {
    const reader = silent();
    const read = () => reader.read('job', batchOf([0, 1]).segments[0]!, new Float32Array(1));
    const atItsEnd = { code: 'internal', message: expect.stringMatching(/the server ends/) };
    const earlier = read();
    await Promise.all([reader.close(), expect(earlier).rejects.toMatchObject(atItsEnd)]);
    await expect(read()).rejects.toMatchObject(atItsEnd);
    expect(reader.busy()).toBe(0);
  });
});

describe('sound for a request that is given up', () => {
  /** Reads at once, so that nothing is left to chance. */
  function reading() {
    let reads = 0;
    const thread: SoundThread = {
      async read(_jobId, _segment, into) {
        reads++;
        return into;
      },
      ...{ busy: () => 0, close: async () => undefined },
    };
    const pool = createSoundPool();
    return { reads: () => reads, pool, source: createSoundSource([thread], pool) };
  }

  it('is not read where that was before', async () => {
    const { reads, pool, source } = reading();
    await expect(source(batchOf([0, 1]), AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    expect([reads(), pool.held()]).toEqual([0, 0]);
  });

  it('is let go once where that is at the moment in which it comes: else two segments would share its memory', async () => {
    // Where exactly that moment is depends on how many promises lie between
    for (let later = 0; later < 30; later++) {
      const { pool, source } = reading();
      const gone = new AbortController();
      const read = source(batchOf([0, 1]), gone.signal).then(
        ({ letGo }) => letGo(),
        () => undefined,
      );
      let moment = Promise.resolve();
      for (let each = 0; each < later; each++) moment = moment.then(() => undefined);
      await Promise.all([read, moment.then(() => gone.abort())]);
      expect(pool.held()).toBe(0);
      expect(pool.take().pcm.buffer).not.toBe(pool.take().pcm.buffer);
    }
  });
});
