import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { withLock } from '../../functions/transcribe-gpu/devices/captured/with-lock.ts';

it('lets one thread at a time do its work, and the next one when that has failed', async () => {
  const lock = new SharedArrayBuffer(4);
  const state = new Int32Array(new SharedArrayBuffer(8));
  // Holds the lock until this thread waits for it
  const script = `
    const { workerData: { lock, state }, parentPort } = require('node:worker_threads');
    const taken = new Int32Array(lock);
    Atomics.store(taken, 0, 1);
    parentPort.postMessage('taken');
    Atomics.wait(state, 0, 0, 200);
    Atomics.store(state, 1, 1);
    Atomics.store(taken, 0, 0);
    Atomics.notify(taken, 0);`;
  const worker = new Worker(script, { eval: true, workerData: { lock, state } });
  await once(worker, 'message');
  expect(withLock(lock, () => Atomics.load(state, 1))).toBe(1);
  const fails = () =>
    withLock(lock, () => {
      throw new Error('no');
    });
  expect(fails).toThrow('no');
  expect(withLock(lock, () => 'again')).toBe('again');
  expect(withLock(undefined, () => 'alone')).toBe('alone');
});
