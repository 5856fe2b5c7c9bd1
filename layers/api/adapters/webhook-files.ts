import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JobEvent } from '@murmuration/pipeline/contract/webhook-messages';
import { z } from 'zod';
import { JobId } from '../contract/resource-id.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { makeFolderDurably, renameDurably } from './write-durably.ts';

/** The end of a job that somebody is to be told of. */
export const KeptWebhook = z.strictObject({
  event: JobEvent,
  url: z.url(),
  /** Of the next try, from 1. */
  attempt: z.int().positive(),
  /** Of the last try; null before the first one. */
  reason: z.string().nullable(),
});
export type KeptWebhook = z.infer<typeof KeptWebhook>;

export interface WebhookFile {
  readonly jobId: string;
  readonly path: string;
  /** Milliseconds of the epoch; of a dead letter undefined. */
  readonly dueAt: number | undefined;
}

const foldersOf = (folder: string) => ({
  waiting: join(folder, 'webhooks', 'waiting'),
  dead: join(folder, 'webhooks', 'dead'),
});

/** Webhooks in files, one a job, whose name says when it is due: each step is one rename, so none is ever lost. */
export function webhookFiles(folder: string) {
  const { waiting, dead } = foldersOf(folder);
  const waitingPath = (jobId: string, dueAt: number) => join(waiting, `${Math.ceil(dueAt)}.${jobId}.json`);

  async function move(from: string, to: string, value: KeptWebhook): Promise<void> {
    await writeJsonFile(from, value);
    await makeFolderDurably(dirname(to));
    await renameDurably(from, to);
  }

  async function list(where: string): Promise<WebhookFile[]> {
    const names = await readdir(where).catch(() => []);
    return names.sort().flatMap((name) => {
      const [, due, jobId] = /^(?:(\d+)\.)?(job_\w+)\.json$/.exec(name) ?? [];
      if (!JobId.safeParse(jobId).success) return [];
      return [{ jobId: jobId!, path: join(where, name), dueAt: due === undefined ? undefined : Number(due) }];
    });
  }

  return {
    waiting: () => list(waiting),
    dead: () => list(dead),
    read: ({ path }: WebhookFile) => readJsonFile(path, KeptWebhook),
    add: (kept: KeptWebhook, dueAt: number) => writeJsonFile(waitingPath(kept.event.jobId, dueAt), kept),
    postpone: ({ path, jobId }: WebhookFile, kept: KeptWebhook, dueAt: number) =>
      move(path, waitingPath(jobId, dueAt), kept),
    giveUp: ({ path, jobId }: WebhookFile, kept: KeptWebhook) =>
      move(path, join(dead, `${jobId}.json`), kept),
    /** What cannot be read is put where nobody looks for webhooks. */
    setAside: ({ path }: WebhookFile) => rename(path, `${path}.damaged`),
    remove: ({ path }: WebhookFile) => rm(path, { force: true }),
  };
}
export type WebhookFiles = ReturnType<typeof webhookFiles>;
