import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { UploadReceiver, Uploads } from '../api-ports.ts';
import { UploadId } from '../contract/resource-id.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { placeDurably, renameDurably } from './write-durably.ts';

const Kept = z.strictObject({
  owner: z.string(),
  name: z.string(),
  sizeBytes: z.int().positive(),
  expiresAt: z.number(),
});
type Kept = z.infer<typeof Kept>;

const TTL_MILLISECONDS = 24 * 3600 * 1000;
/** Whoever opened one in time may still be writing down the job that is made of it. */
const GRACE_MILLISECONDS = 3600 * 1000;

export interface FolderUploadsOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Whether a job is still to hear it: then it is kept, however long that takes. */
  readonly isAwaited?: ((id: string) => boolean) | undefined;
}

/** Uploads of a day, each in a folder of its own, sent in one part to this server itself. */
export function folderUploads({
  folder,
  clock,
  isAwaited = () => false,
}: FolderUploadsOptions): Uploads &
  UploadReceiver & { sweep(): Promise<void>; remove(owner: string, id: string): Promise<void> } {
  const uploads = join(folder, 'uploads');
  const pathOf = (id: string, file: string) => join(uploads, id, file);

  async function owned(owner: string, id: string): Promise<Kept | undefined> {
    if (!UploadId.safeParse(id).success) return undefined;
    const kept = await readJsonFile(pathOf(id, 'upload.json'), Kept);
    return kept?.owner === owner ? kept : undefined;
  }

  async function find(owner: string, id: string): Promise<Kept> {
    const kept = await owned(owner, id);
    if (kept !== undefined && (kept.expiresAt > clock() || isAwaited(id))) return kept;
    throw new MurmurationError('not-found', `there is no upload "${id.slice(0, 100)}", or no longer`, {
      details: { param: 'upload_id' },
    });
  }

  /** Of one that is damaged, or half removed, always; of one that cannot be read just now, never. */
  async function expiresAt(id: string): Promise<number> {
    try {
      return (await readJsonFile(pathOf(id, 'upload.json'), Kept))?.expiresAt ?? Number.NEGATIVE_INFINITY;
    } catch (error) {
      const isUnread = error instanceof Error && systemCode(error.cause) !== undefined;
      return isUnread ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    }
  }

  async function checkComplete(id: string, sizeBytes: number): Promise<void> {
    const sent = (await stat(pathOf(id, 'media')).catch(() => undefined))?.size ?? 0;
    if (sent === sizeBytes) return;
    throw new MurmurationError(
      'invalid-argument',
      `of the upload's ${sizeBytes} bytes ${sent} were sent: send all with PUT before`,
      { details: { param: 'upload_id' } },
    );
  }

  return {
    /** Deletes those whose day is over, and those of which a removal that broke off has left something. */
    async sweep() {
      for (const id of await readdir(uploads).catch(() => [])) {
        if (id.startsWith('.')) continue;
        const isOver = (await expiresAt(id)) + GRACE_MILLISECONDS <= clock();
        if (isOver && !isAwaited(id)) await rm(join(uploads, id), { recursive: true, force: true });
      }
    },

    /** Whether it is there or not. */
    async remove(owner, id) {
      const kept = await owned(owner, id).catch(() => undefined);
      if (kept !== undefined) await rm(join(uploads, id), { recursive: true, force: true });
    },

    async create({ id, owner, name, sizeBytes }) {
      const expiresAt = clock() + TTL_MILLISECONDS;
      // Put in its place with all that is to be in it, so that a sweep takes it for no remnant
      const draft = `.${randomUUID()}.tmp`;
      try {
        await writeJsonFile(pathOf(draft, 'upload.json'), { owner, name, sizeBytes, expiresAt });
        await renameDurably(join(uploads, draft), join(uploads, id));
      } finally {
        await rm(join(uploads, draft), { recursive: true, force: true });
      }
      const part = { url: `/v1/uploads/${id}/content`, startByte: 0, endByte: sizeBytes };
      return { id, name, sizeBytes, parts: [part], expiresAt };
    },

    async receive(owner, id, body) {
      const { sizeBytes } = await find(owner, id);
      const draft = pathOf(id, `.${randomUUID()}.tmp`);
      const hash = createHash('sha256');
      try {
        await pipeline(
          Readable.from(hashed(body, hash, sizeBytes)),
          createWriteStream(draft, { mode: 0o600, flags: 'wx' }),
        );
        await placeDurably(draft, pathOf(id, 'media'));
        return hash.digest('hex');
      } finally {
        await rm(draft, { force: true });
      }
    },

    async complete(owner, id) {
      const { sizeBytes } = await find(owner, id);
      await checkComplete(id, sizeBytes);
    },

    async open(owner, id) {
      const { name, sizeBytes } = await find(owner, id);
      await checkComplete(id, sizeBytes);
      return { source: pathOf(id, 'media'), name };
    },
  };
}

async function* hashed(
  body: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  mostBytes: number,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > mostBytes) {
      throw new MurmurationError(
        'body-too-large',
        `more than the ${mostBytes} bytes that were announced: create the upload anew`,
      );
    }
    hash.update(chunk);
    yield chunk;
  }
}
