import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import type { Clock } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { JobRequest, JobResults, Jobs, Ledger, Transcribed, TranscribingOptions } from '../api-ports.ts';
import { ApiJob } from '../contract/api-job.ts';
import { ApiKey } from '../contract/api-key.ts';
import { JobId } from '../contract/resource-id.ts';
import { doneJob, failedJob, progressedJob, queuedJob } from './job-states.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { removeDurably } from './write-durably.ts';

const Source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upload'), uploadId: z.string() }),
  z.strictObject({ kind: z.literal('url'), url: z.string() }),
  z.strictObject({ kind: z.literal('s3'), key: z.string() }),
]);
const Kept = z.strictObject({
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
type Kept = z.infer<typeof Kept>;

export interface FolderJobsOptions {
  readonly folder: string;
  /** Jobs that are heard side by side. */
  readonly atOnce: number;
  readonly clock: Clock;
  /** What a job held and did not use is returned when it ends, or is removed. */
  readonly ledger: Pick<Ledger, 'settle'>;
  /** Hears one, and books it to its key. */
  readonly hear: (request: JobRequest, options: TranscribingOptions) => Promise<Transcribed>;
  /** After each job that has come to its end; once it has answered, not again. */
  readonly onEnd?: ((job: ApiJob, request: JobRequest) => Promise<void>) | undefined;
  /** After a job was deleted. */
  readonly onRemoved?: ((id: string) => Promise<void>) | undefined;
  /** Deletes the upload of a job that was deleted, unless another is still to hear it. */
  readonly removeUpload?: ((owner: string, uploadId: string) => Promise<void>) | undefined;
}

/** Of a job that has ended: nothing where it failed, unless its budget was what was short; else what was booked as it was heard. */
const usedSeconds = ({ state, error }: ApiJob): number | undefined =>
  state === 'failed' && error?.code !== 'budget-spent' ? 0 : undefined;

/** Jobs of this process, kept in a folder: those that were not done when it ended are begun again by `resume`. */
export function folderJobs({
  folder,
  atOnce,
  clock,
  ledger,
  hear,
  onEnd,
  onRemoved,
  removeUpload,
}: FolderJobsOptions): Jobs & JobResults & { resume(): Promise<void>; close(): Promise<void> } {
  const limit = pLimit(atOnce);
  const running = new Map<string, { stop: AbortController; kept: Kept; ended: Promise<void> }>();
  const ownFolder = (owner: string) =>
    join(folder, 'jobs', createHash('sha256').update(owner).digest('hex').slice(0, 32));
  const pathOf = (owner: string, id: string) => join(ownFolder(owner), `${id}.json`);
  const resultOf = (owner: string, id: string) => join(ownFolder(owner), `${id}.transcript`);
  const beginning = new Map<string, Promise<ApiJob>>();
  let isClosed = false;

  function begin(kept: Kept): void {
    const stop = new AbortController();
    const entry = { stop, kept, ended: Promise.resolve() };
    running.set(kept.request.id, entry);
    entry.ended = limit(() => run(entry)).finally(() => running.delete(kept.request.id));
    // What fails here failed to be written down; it is begun again at the next start
    entry.ended.catch(() => undefined);
  }

  async function run(entry: { stop: AbortController; kept: Kept }): Promise<void> {
    const { request } = entry.kept;
    const { owner } = request;
    const { signal } = entry.stop;
    let writing = Promise.resolve();
    const keep = (job: ApiJob, isUntold = false) => {
      entry.kept = { request, job, ...(isUntold && { isUntold }) };
      writing = writing.then(() =>
        signal.aborted ? undefined : writeJsonFile(pathOf(owner, request.id), entry.kept),
      );
      writing.catch(() => undefined);
    };
    if (signal.aborted) return;
    try {
      const heard = await hear(request, {
        signal,
        onProgress: (progress) => keep(progressedJob(entry.kept.job, progress, clock())),
      });
      await writing;
      await writeJsonFile(resultOf(owner, request.id), heard.transcript);
      keep(doneJob(entry.kept.job, heard, clock()), true);
    } catch (error) {
      keep(failedJob(entry.kept.job, error, clock()), true);
    }
    await writing;
    if (!signal.aborted) await tellEnd(entry.kept);
  }

  /** Written down before and after, so that an end that falls between is told after the next start. */
  async function tellEnd({ job, request }: Kept): Promise<void> {
    await ledger.settle(job.id, usedSeconds(job));
    await onEnd?.(job, request);
    await writeJsonFile(pathOf(request.owner, request.id), { request, job });
  }

  async function find(owner: string, id: string): Promise<Kept | undefined> {
    if (!JobId.safeParse(id).success) return undefined;
    const now = running.get(id)?.kept;
    if (now !== undefined) return now.request.owner === owner ? now : undefined;
    return readJsonFile(pathOf(owner, id), Kept);
  }

  /** Also where it cannot be read any more. */
  async function isThere(owner: string, id: string): Promise<boolean> {
    try {
      return (await find(owner, id)) !== undefined;
    } catch {
      return true;
    }
  }

  async function removeUnheard({ owner, source }: JobRequest): Promise<void> {
    if (source.kind !== 'upload') return;
    const isAwaited = [...running.values()].some(
      ({ kept: { request } }) =>
        request.source.kind === 'upload' && request.source.uploadId === source.uploadId,
    );
    if (!isAwaited) await removeUpload?.(owner, source.uploadId);
  }

  async function create(request: JobRequest): Promise<ApiJob> {
    const there = await find(request.owner, request.id);
    if (there !== undefined) return there.job;
    const kept = { request, job: queuedJob(request, clock()) };
    await writeJsonFile(pathOf(request.owner, request.id), kept);
    begin(kept);
    return kept.job;
  }

  return {
    create(request) {
      // The same request may come twice at once
      const begun = beginning.get(request.id) ?? create(request).finally(() => beginning.delete(request.id));
      beginning.set(request.id, begun);
      return begun;
    },

    get: async (owner, id) => (await find(owner, id))?.job,

    async list(owner, { cursor, limit: most }) {
      const names = await readdir(ownFolder(owner)).catch(() => []);
      const ids = names
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .filter((id) => JobId.safeParse(id).success && (cursor === undefined || id < cursor))
        .sort()
        .reverse();
      const page = ids.slice(0, most);
      // One that is damaged hides itself alone: who asks for it is told
      const found = await Promise.all(page.map((id) => find(owner, id).catch(() => undefined)));
      return {
        jobs: found.flatMap((kept) => (kept === undefined ? [] : [kept.job])),
        nextCursor: ids.length > most ? page.at(-1) : undefined,
      };
    },

    async remove(owner, id) {
      if (!(await isThere(owner, id))) return false;
      const kept = await find(owner, id).catch(() => undefined);
      const entry = running.get(id);
      entry?.stop.abort();
      await entry?.ended.catch(() => undefined);
      await onRemoved?.(id);
      await removeDurably(resultOf(owner, id));
      if (kept !== undefined) await removeUnheard(kept.request);
      // After what tells of its text, so that what a crash left can be removed again
      await removeDurably(pathOf(owner, id));
      // What was heard was used
      await ledger.settle(id);
      return true;
    },

    async read(owner, id) {
      const kept = await find(owner, id);
      return kept === undefined ? undefined : readJsonFile(resultOf(owner, id), Transcript);
    },

    async resume() {
      const owners = await readdir(join(folder, 'jobs')).catch(() => []);
      for (const owner of owners) {
        const names = await readdir(join(folder, 'jobs', owner));
        for (const name of names.filter((name) => name.endsWith('.json')).sort()) {
          const kept = await readJsonFile(join(folder, 'jobs', owner, name), Kept).catch(() => undefined);
          // Where that fails, after the next start
          if (kept?.isUntold) await tellEnd(kept).catch(() => undefined);
          if (kept === undefined || !['queued', 'running'].includes(kept.job.state)) continue;
          if (!isClosed && !running.has(kept.request.id)) {
            begin({ request: kept.request, job: queuedJob(kept.request, kept.job.created_at * 1000) });
          }
        }
      }
    },

    async close() {
      isClosed = true;
      const entries = [...running.values()];
      for (const { stop } of entries) stop.abort();
      await Promise.allSettled(entries.map(({ ended }) => ended));
    },
  };
}
