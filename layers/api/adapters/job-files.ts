import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { z } from 'zod';
import { ApiJob } from '../contract/api-job.ts';
import { ApiKey } from '../contract/api-key.ts';
import { JobId } from '../contract/resource-id.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { removeDurably } from './write-durably.ts';

const Source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upload'), uploadId: z.string() }),
  z.strictObject({ kind: z.literal('url'), url: z.string() }),
  z.strictObject({ kind: z.literal('s3'), key: z.string() }),
]);

/** A job as it was asked for, and as it stands. */
export const KeptJob = z.strictObject({
  request: z.strictObject({
    id: JobId,
    owner: z.string(),
    key: ApiKey,
    name: z.string(),
    model: z.string(),
    source: Source,
    options: JobOptions,
  }),
  job: ApiJob,
  /** Its end is still to be told of. */
  isUntold: z.boolean().optional(),
});
export type KeptJob = z.infer<typeof KeptJob>;

/** Jobs in files, and their transcripts beside them, in a folder for each owner. All throw `store-unavailable`. */
export function jobFiles(folder: string) {
  const jobs = join(folder, 'jobs');
  const ownFolder = (owner: string) =>
    join(jobs, createHash('sha256').update(owner).digest('hex').slice(0, 32));
  const pathOf = (owner: string, id: string) => join(ownFolder(owner), `${id}.json`);
  const transcriptOf = (owner: string, id: string) => join(ownFolder(owner), `${id}.transcript`);

  return {
    read: (owner: string, id: string) => readJsonFile(pathOf(owner, id), KeptJob),
    write: (kept: KeptJob) => writeJsonFile(pathOf(kept.request.owner, kept.request.id), kept),
    remove: (owner: string, id: string) => removeDurably(pathOf(owner, id)),
    readTranscript: (owner: string, id: string) => readJsonFile(transcriptOf(owner, id), Transcript),
    writeTranscript: (owner: string, id: string, transcript: Transcript) =>
      writeJsonFile(transcriptOf(owner, id), transcript),
    removeTranscript: (owner: string, id: string) => removeDurably(transcriptOf(owner, id)),

    /** Newest first. */
    async ids(owner: string): Promise<string[]> {
      const names = await readdir(ownFolder(owner)).catch(() => []);
      const ids = names
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
      return ids
        .filter((id) => JobId.safeParse(id).success)
        .sort()
        .reverse();
    },

    /** Those of all owners, of each the oldest first; one that cannot be read is told to `onError`. */
    async *all(onError: (error: unknown, id: string) => void): AsyncGenerator<KeptJob> {
      for (const owner of await readdir(jobs).catch(() => [])) {
        const names = await readdir(join(jobs, owner));
        for (const name of names.filter((name) => name.endsWith('.json')).sort()) {
          const kept = await readJsonFile(join(jobs, owner, name), KeptJob).catch((error: unknown) =>
            onError(error, name),
          );
          if (kept) yield kept;
        }
      }
    },
  };
}
