import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';

/** Whether somebody removed the job: what still works on it shall leave nothing. */
export async function isRemoved(jobId: string, store: Pick<ObjectStore, 'read'>): Promise<boolean> {
  return (await store.read(keys.removed(jobId), { start: 0, end: 1 })) !== undefined;
}
