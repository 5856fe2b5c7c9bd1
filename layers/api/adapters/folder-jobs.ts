import type { Clock } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import type { JobRequest, JobResults, Jobs, Ledger, Transcribed, TranscribingOptions } from '../api-ports.ts';
import type { ApiJob } from '../contract/api-job.ts';
import { JobId } from '../contract/resource-id.ts';
import { isOurFault } from '../is-our-fault.ts';
import { jobFiles, type KeptJob } from './job-files.ts';
import { doneJob, failedJob, progressedJob, queuedJob } from './job-states.ts';

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
  /** What went wrong and is our fault. */
  readonly onError: (error: unknown, id: string) => void;
}

export interface FolderJobs extends Jobs, JobResults {
  /** Whether a job is still to hear this upload, now or after the next start. */
  isAwaited(uploadId: string): boolean;
  /** Begins again what was not done when the process before ended. */
  resume(): Promise<void>;
  /** Begins and writes nothing any more: what is not done goes on at the next start. */
  close(): Promise<void>;
}

/** A job whose end is not on the disk. */
interface Entry {
  readonly stop: AbortController;
  kept: KeptJob;
  hasBegun: boolean;
  ended: Promise<void>;
}

/** Of a job that has ended: nothing where it failed, unless its budget was what was short; else what was booked as it was heard. */
const usedSeconds = ({ state, error }: ApiJob): number | undefined =>
  state === 'failed' && error?.code !== 'budget-spent' ? 0 : undefined;

/** Jobs of this process, kept in a folder. */
export function folderJobs(options: FolderJobsOptions): FolderJobs {
  const { folder, atOnce, clock, ledger, hear, onEnd, onRemoved, removeUpload, onError } = options;
  const files = jobFiles(folder);
  const limit = pLimit(atOnce);
  const underWay = new Map<string, Entry>();
  const beginning = new Map<string, Promise<ApiJob>>();
  let isClosed = false;

  function begin(kept: KeptJob): void {
    const { id } = kept.request;
    const entry: Entry = { stop: new AbortController(), kept, hasBegun: false, ended: Promise.resolve() };
    underWay.set(id, entry);
    // It is on the disk, and what hears may be closed already
    if (isClosed) return;
    entry.ended = limit(() => run(entry)).then(
      (isWritten) => (isWritten ? forget(entry) : undefined),
      // The end could not be written down: it is known here, and heard again after the next start
      (error: unknown) => onError(error, id),
    );
  }

  /** Not one that came again under its id. */
  function forget(entry: Entry): void {
    const { id } = entry.kept.request;
    if (underWay.get(id) === entry) underWay.delete(id);
  }

  /** Answers whether its end is on the disk. */
  async function run(entry: Entry): Promise<boolean> {
    const { request } = entry.kept;
    const { signal } = entry.stop;
    if (signal.aborted) return false;
    entry.hasBegun = true;
    let written: Promise<unknown> = Promise.resolve();
    const onProgress: TranscribingOptions['onProgress'] = (progress) => {
      entry.kept = { request, job: progressedJob(entry.kept.job, progress, clock()) };
      // One after the other, and each for itself: a disk that was full once may have room for the end
      written = written
        .then(() => (signal.aborted ? undefined : files.write(entry.kept)))
        .catch((error: unknown) => onError(error, request.id));
    };
    let end: ApiJob;
    try {
      const heard = await hear(request, { signal, onProgress });
      await files.writeTranscript(request.owner, request.id, heard.transcript);
      end = doneJob(entry.kept.job, heard, clock());
    } catch (error) {
      if (!signal.aborted && isOurFault(error)) onError(error, request.id);
      end = failedJob(entry.kept.job, error, clock());
    }
    await written;
    // What was stopped has not ended: it is removed, or goes on at the next start
    if (signal.aborted) return false;
    const kept = { request, job: end, isUntold: true };
    // Nobody is told of an end that the next start may know nothing of, unless it cannot be written
    await files.write(kept).finally(() => {
      entry.kept = kept;
    });
    if (signal.aborted) return false;
    await tellEnd(kept);
    return true;
  }

  /** Written down before and after, so that an end that falls between, or fails, is told after the next start. */
  async function tellEnd({ job, request }: KeptJob): Promise<void> {
    try {
      await ledger.settle(job.id, usedSeconds(job));
      await onEnd?.(job, request);
      await files.write({ request, job });
    } catch (error) {
      onError(error, job.id);
    }
  }

  async function find(owner: string, id: string): Promise<KeptJob | undefined> {
    if (!JobId.safeParse(id).success) return undefined;
    const now = underWay.get(id)?.kept;
    if (now !== undefined) return now.request.owner === owner ? now : undefined;
    return files.read(owner, id);
  }

  /** Also where it cannot be read any more. */
  async function isThere(owner: string, id: string): Promise<boolean> {
    try {
      return (await find(owner, id)) !== undefined;
    } catch {
      return true;
    }
  }

  const isAwaited = (uploadId: string) =>
    [...underWay.values()].some(
      ({ kept: { request } }) => request.source.kind === 'upload' && request.source.uploadId === uploadId,
    );

  async function create(request: JobRequest): Promise<ApiJob> {
    const there = await find(request.owner, request.id);
    if (there !== undefined) return there.job;
    const kept = { request, job: queuedJob(request, clock()) };
    await files.write(kept);
    begin(kept);
    return kept.job;
  }

  return {
    isAwaited,

    create(request) {
      // The same request may come twice at once
      const begun = beginning.get(request.id) ?? create(request).finally(() => beginning.delete(request.id));
      beginning.set(request.id, begun);
      return begun;
    },

    get: async (owner, id) => (await find(owner, id))?.job,

    async list(owner, { cursor, limit: most }) {
      const ids = (await files.ids(owner)).filter((id) => cursor === undefined || id < cursor);
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
      // It may be on the disk, and just about to begin
      await beginning.get(id)?.catch(() => undefined);
      const kept = await find(owner, id).catch(() => undefined);
      const entry = underWay.get(id);
      entry?.stop.abort();
      // One that waits for its turn never begins
      if (entry?.hasBegun) await entry.ended;
      if (entry !== undefined) forget(entry);
      await onRemoved?.(id);
      await files.removeTranscript(owner, id);
      const source = kept?.request.source;
      if (source?.kind === 'upload' && !isAwaited(source.uploadId)) {
        await removeUpload?.(owner, source.uploadId);
      }
      // After what tells of its text, so that what a crash left can be removed again
      await files.remove(owner, id);
      // What was heard was used
      await ledger.settle(id);
      return true;
    },

    async read(owner, id) {
      return (await find(owner, id)) && files.readTranscript(owner, id);
    },

    async resume() {
      for await (const { request, job, isUntold } of files.all(onError)) {
        if (isUntold) await tellEnd({ request, job });
        if (!['queued', 'running'].includes(job.state) || underWay.has(request.id)) continue;
        begin({ request, job: queuedJob(request, job.created_at * 1000) });
      }
    },

    async close() {
      isClosed = true;
      const entries = [...underWay.values()];
      for (const { stop } of entries) stop.abort();
      await Promise.all(entries.map(({ ended }) => ended));
    },
  };
}
