import type { ObjectStore } from '../ports.ts';

export async function writeJson(store: ObjectStore, key: string, value: unknown): Promise<void> {
  await store.write(key, JSON.stringify(value), { contentType: 'application/json' });
}
