import { followMemory } from './follow-memory.ts';
import type { OpenedDevice } from './open-devices.ts';

/** Tells each device's limit again and again how much memory is free; call what comes back to stop. */
export function watchMemory(
  devices: readonly Pick<OpenedDevice, 'name' | 'uuid' | 'limit'>[],
  onFree: (device: string, bytes: number) => void,
  follow: typeof followMemory = followMemory,
): () => void {
  if (devices.every(({ uuid }) => uuid === undefined)) return () => undefined;
  return follow((gpu, bytes) => {
    for (const { name, uuid, limit } of devices) {
      if (uuid !== gpu) continue;
      limit.freeBytes(bytes);
      onFree(name, bytes);
    }
  });
}
