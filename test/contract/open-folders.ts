import { type FolderJobs, folderJobs } from '@murmuration/api/adapters/folder-jobs';
import { folderLedger } from '@murmuration/api/adapters/folder-ledger';
import { folderUploads } from '@murmuration/api/adapters/folder-uploads';
import type { Ledger, Transcribed, TranscribingOptions } from '@murmuration/api/api-ports';
import { hearJob } from '@murmuration/api/hear-job';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';

const info = {
  container: 'wav',
  codec: 'pcm',
  sampleRateHertz: 16_000,
  channels: 1,
  durationSeconds: 10,
  narrowBand: false,
};
const transcript = { text: '', language: 'en', durationSeconds: 10, model: 'm', segments: [] };
export const unreadable = () => new MurmurationError('media-unreadable', 'it is not audio');

/** An engine that hears when a test says so. */
function obedientTranscriber() {
  const heard: { onProgress: (seconds: number) => void; end: PromiseWithResolvers }[] = [];
  return {
    heard,
    models: ['m'],
    async transcribe(_: unknown, { signal, onProgress }: TranscribingOptions = {}): Promise<Transcribed> {
      signal?.throwIfAborted();
      const end = withResolvers();
      signal?.addEventListener('abort', () => end.reject(signal.reason));
      heard.push({
        end,
        onProgress: (doneSeconds) => onProgress?.({ doneSeconds, totalSeconds: 10, segments: [] }),
      });
      await end.promise;
      return { transcript, media: info, warnings: [], findings: [], cached: 0 } as unknown as Transcribed;
    },
    probe: async () => info,
  };
}
interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
  reject: (reason: unknown) => void;
}
function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [() => void, (reason: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

interface FoldersWorld {
  readonly clock?: Clock;
  readonly atOnce?: number;
  readonly wrap?: (ledger: Ledger) => Ledger;
  readonly onRemoved?: () => Promise<void>;
}

/** Stores as `murmuration serve` opens them, with an engine that obeys. */
export function openFolders(
  folder: string,
  { clock = Date.now, atOnce = 8, wrap = (ledger) => ledger, onRemoved }: FoldersWorld = {},
) {
  const ledger = wrap(folderLedger(folder, clock));
  const uploads = folderUploads({ folder, clock, isAwaited: (id) => jobs.isAwaited(id) });
  const transcriber = obedientTranscriber();
  const errors: unknown[] = [];
  const jobs: FolderJobs = folderJobs({
    ...{ folder, atOnce, clock, ledger, onRemoved },
    hear: hearJob({ transcriber, uploads, ledger }),
    removeUpload: uploads.remove,
    onError: (error) => errors.push(error),
  });
  return { ledger, uploads, transcriber, jobs, errors };
}
