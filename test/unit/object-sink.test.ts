import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { objectSink } from '@murmuration/pipeline/splitting/object-sink';
import { describe, expect, it } from 'vitest';

const block = new Uint8Array(700_000);

/** Takes this many blocks, then waits for `more`. */
function slowStore(blocks: number, more: Promise<unknown>): ObjectStore & { taken: number } {
  const store = {
    ...memoryObjectStore(),
    taken: 0,
    async writeStream(_key: string, parts: AsyncIterable<Uint8Array>) {
      for await (const part of parts) {
        store.taken += part.length;
        if (store.taken >= blocks * block.length) await more;
      }
    },
  };
  return store;
}

describe('an object that is written piece by piece', () => {
  it('is there once it is ended, and not before', async () => {
    const store = memoryObjectStore();
    const sink = objectSink(store, 'a');
    for (let index = 0; index < 5; index += 1) await sink.write(block.map(() => index));
    expect(store.keys()).toEqual([]);
    await sink.end();
    expect(sink.sizeBytes).toBe(3_500_000);
    const bytes = (await store.read('a'))!;
    expect([bytes.length, bytes[0], bytes[700_000], bytes.at(-1)]).toEqual([3_500_000, 0, 1, 4]);
  });

  it('makes its writer wait for a slow store', async () => {
    const gate = withResolvers();
    const sink = objectSink(slowStore(1, gate.promise), 'a');
    let written = 0;
    const writing = (async () => {
      for (; written < 20; written += 1) await sink.write(block);
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBeLessThan(6);
    gate.resolve(undefined);
    await writing;
    await sink.end();
    expect(written).toBe(20);
  });

  it('throws to its writer what the store throws, also to one who waits', async () => {
    const gate = withResolvers();
    const sink = objectSink(slowStore(1, gate.promise), 'a');
    const failure = new Error('S3 is down');
    const writing = (async () => {
      for (;;) await sink.write(block);
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.reject(failure);
    await expect(writing).rejects.toBe(failure);
    await expect(sink.write(block)).rejects.toBe(failure);
    await expect(sink.end()).rejects.toBe(failure);
    await sink.abort();
  });

  it('leaves nothing where it is given up', async () => {
    const store = memoryObjectStore();
    const sink = objectSink(store, 'a');
    await sink.write(block);
    await sink.abort();
    expect(store.keys()).toEqual([]);
  });
});

/** Node 20 has no Promise.withResolvers. */
function withResolvers() {
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
