/** Measures what a device works: batches that are under way at once share its time instead of each having all of it. */
export interface DeviceWatch {
  /** Call what comes back when the batch is done; it answers its milliseconds. */
  start(): () => number;
}

export function createDeviceWatch(now: () => number = () => performance.now()): DeviceWatch {
  let lastDoneAt = Number.NEGATIVE_INFINITY;
  return {
    start() {
      const startedAt = now();
      return () => {
        const doneAt = now();
        // Before the last one was done, the device worked for that
        const milliseconds = doneAt - Math.max(startedAt, lastDoneAt);
        lastDoneAt = doneAt;
        return milliseconds;
      };
    },
  };
}
