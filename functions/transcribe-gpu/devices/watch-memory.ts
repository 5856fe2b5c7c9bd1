import type { MemoryProbe } from '../batching/memory-probe.ts';
import type { OpenedDevice } from './open-devices.ts';

/** nvidia-smi takes about 50 ms of a core each time. */
const EVERY_MILLISECONDS = 2000;

/** Tells each device's limit again and again how much memory is free; call what comes back to stop. */
export function watchMemory(
  devices: readonly OpenedDevice[],
  onFree: (device: string, bytes: number) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async () => {
    // Sessions of one GPU share its probe, and its answer
    const free = new Map<MemoryProbe | undefined, number | undefined>();
    for (const { probe } of devices) if (!free.has(probe)) free.set(probe, await probe?.freeBytes());
    for (const { name, probe, limit } of devices) {
      const bytes = free.get(probe);
      if (bytes === undefined) continue;
      limit.freeBytes(bytes);
      onFree(name, bytes);
    }
    // After the last look, not beside it: a driver in trouble answers late
    if (!stopped) timer = setTimeout(look, EVERY_MILLISECONDS).unref();
  };
  if (devices.some(({ probe }) => probe !== undefined)) void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
