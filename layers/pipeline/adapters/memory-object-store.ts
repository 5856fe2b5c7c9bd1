import { createHash } from 'node:crypto';
import { MurmurationError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

export interface MemoryObjectStore extends ObjectStore {
  /** Of all objects, sorted. */
  keys(): string[];
  /** As an upload's event tells it. */
  etag(key: string): string;
  delete(key: string): void;
}

/** Objects that live as long as the process. */
export function memoryObjectStore(): MemoryObjectStore {
  const objects = new Map<string, Uint8Array>();
  const etag = (key: string) =>
    createHash('md5')
      .update(objects.get(key) ?? '')
      .digest('hex');
  return {
    keys: () => [...objects.keys()].sort(),
    etag,
    delete: (key) => void objects.delete(key),
    async read(key, range) {
      return objects.get(key)?.slice(range?.start, range?.end);
    },
    async write(key, body) {
      objects.set(key, typeof body === 'string' ? new TextEncoder().encode(body) : body.slice());
    },
    async writeStream(key, parts) {
      const chunks: Uint8Array[] = [];
      for await (const part of parts) chunks.push(part.slice());
      objects.set(key, new Uint8Array(Buffer.concat(chunks)));
    },
    async open(key, version = {}) {
      const opened = objects.get(key);
      const { etag: wanted = etag(key) } = version;
      const need = (): Uint8Array => {
        const found = objects.get(key);
        if (found !== undefined && found === opened && wanted === etag(key)) return found;
        throw new MurmurationError(
          'file-not-found',
          `"${key}" is not there any more, or another was uploaded in its place: upload it again`,
        );
      };
      return { name: key, sizeBytes: need().length, read: async (start, end) => need().slice(start, end) };
    },
  };
}
