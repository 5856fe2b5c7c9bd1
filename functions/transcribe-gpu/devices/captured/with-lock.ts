/** What one thread of the process at a time may do; `lock` is 4 bytes, shared by all of them. */
export function withLock<T>(lock: SharedArrayBuffer | undefined, work: () => T): T {
  if (lock === undefined) return work();
  const taken = new Int32Array(lock);
  while (Atomics.compareExchange(taken, 0, 0, 1) !== 0) Atomics.wait(taken, 0, 1);
  try {
    return work();
  } finally {
    Atomics.store(taken, 0, 0);
    Atomics.notify(taken, 0, 1);
  }
}
