import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { folderIdempotency } from '@murmuration/api/adapters/folder-idempotency';
import { type FolderJobs, folderJobs } from '@murmuration/api/adapters/folder-jobs';
import { folderKeyRing, readKeyFile } from '@murmuration/api/adapters/folder-key-ring';
import { folderLedger } from '@murmuration/api/adapters/folder-ledger';
import { folderUploads } from '@murmuration/api/adapters/folder-uploads';
import { removeDrafts } from '@murmuration/api/adapters/remove-drafts';
import { createApi } from '@murmuration/api/create-api';
import { hearJob } from '@murmuration/api/hear-job';
import { jobEvent } from '@murmuration/api/job-event';
import { goodKey } from '@murmuration/api/realtime/good-key';
import { realtimeServer } from '@murmuration/api/realtime/realtime-server';
import { reachBounds } from '@murmuration/media/reach-bounds';
import { checkWebhookUrl } from '@murmuration/pipeline/adapters/check-webhook-url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Provider } from '@murmuration/whisper/execution-providers';
import type { Rung } from '@murmuration/whisper/read-ladder';
import { interruptSignal } from './interrupt-signal.ts';
import { openLaptop } from './laptop.ts';
import { writeNote } from './report-failure.ts';
import { defaultDataFolder } from './serve/data-folder.ts';
import { emptySpool } from './serve/empty-spool.ts';
import { holdFolder } from './serve/hold-folder.ts';
import { laptopLive } from './serve/laptop-live.ts';
import { laptopTranscriber } from './serve/laptop-transcriber.ts';
import { laptopWebhooks } from './serve/laptop-webhooks.ts';
import { listen } from './serve/listen.ts';
import { openPage } from './serve/open-page.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly model: string;
  readonly threads?: number;
  readonly ladder?: readonly Rung[];
  readonly provider?: Provider;
  readonly keys?: string;
  readonly data?: string;
  /** Jobs heard side by side. */
  readonly jobs: number;
  /** Megabytes. */
  readonly maxUpload: number;
  /** Where addresses that clients send may lead. */
  readonly reach: 'public' | 'network';
  readonly dollarsPerHour: number;
  /** Show the page in a browser. */
  readonly open?: boolean;
  readonly cache: boolean;
}

/** Answers under way have so long to end. */
const DRAIN_SECONDS = 10;

/** Uploads are kept for a day, whether others come or not. */
const SWEEP_SECONDS = 3600;

/** Streams of live speech: each costs about a quarter of a core. */
const REALTIME = { mostStreams: 8, idleSeconds: 30, longestSeconds: 4 * 3600 };

/** Serves until Ctrl-C or SIGTERM; jobs that are not done then go on at the next start. */
export async function serve(options: ServeOptions, version: string): Promise<number> {
  await checkHost(options);
  const folder = options.data ?? defaultDataFolder();
  const release = await holdFolder(folder);
  try {
    return await serveFrom(folder, options, version);
  } finally {
    await release();
  }
}

async function serveFrom(folder: string, options: ServeOptions, version: string): Promise<number> {
  // Before anything is written: this process alone has the folder
  await removeDrafts(folder);
  const spoolFolder = await emptySpool(folder);
  const laptop = await openLaptop({ ...options, startsAhead: true, spoolFolder, answersMeanwhile: true });
  const clock = Date.now;
  const transcriber = laptopTranscriber(laptop);
  const ledger = folderLedger(folder, clock);
  const uploads = folderUploads({ folder, clock, isAwaited: (id) => jobs.isAwaited(id) });
  const hear = hearJob({ transcriber, uploads, ledger });
  const onError = (error: unknown, id: string) => writeNote(`${id}: ${describe(error)}`);
  const webhooks = await laptopWebhooks(folder, options.reach, onError);
  const jobs: FolderJobs = folderJobs({
    folder,
    atOnce: options.jobs,
    clock,
    ledger,
    hear,
    async onEnd(job, { owner, options: { webhook } }) {
      if (webhook !== undefined) await webhooks.add(jobEvent(job, owner), webhook.url);
    },
    onRemoved: webhooks.forget,
    removeUpload: uploads.remove,
    onError,
  });
  const app = createApi(
    {
      transcriber,
      jobs,
      results: jobs,
      uploads,
      receiver: uploads,
      keyRing: options.keys === undefined ? undefined : folderKeyRing(options.keys),
      ledger,
      idempotency: folderIdempotency(folder, clock),
      clock,
      newId: randomUUID,
      onError,
    },
    {
      version,
      mostBodyBytes: options.maxUpload * 1_000_000,
      mostUploadBytes: options.maxUpload * 1_000_000,
      spoolFolder,
      mostAtOnce: 64,
      dollarsPerAudioHour: options.dollarsPerHour,
      checkWebhook: (url) => checkWebhookUrl(url, reachBounds(options.reach)),
      noBucket: 's3_key is of a kit in the cloud: use upload_id or file_url',
      // Of the embedded model on two cores, with decoding
      timesRealTime: 60,
    },
  );
  const realtime = realtimeServer(
    app,
    {
      openLive: laptopLive(laptop),
      ledger,
      clock,
      isGood: options.keys === undefined ? undefined : goodKey(folderKeyRing(options.keys), clock),
      onError,
    },
    REALTIME,
  );
  const stop = interruptSignal();
  // Before anybody can remove a job of an upload that another is still to hear
  await jobs.resume();
  const server = await listen(app, options.port, options.host, realtime.upgrade).catch(async (error) => {
    await jobs.close();
    await laptop.close();
    throw error;
  });
  const sweep = () => void uploads.sweep().catch((error: unknown) => onError(error, 'uploads'));
  sweep();
  const sweeping = setInterval(sweep, SWEEP_SECONDS * 1000);
  webhooks.start();
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const who = options.keys === undefined ? 'this machine alone may use it' : 'for those who have a key';
  writeNote(`http://${host}:${server.port} serves ${transcriber.models.join(', ')}; ${who}`);
  // What listens everywhere is here too
  if (options.open) openPage(`http://${isEverywhere(host) ? 'localhost' : host}:${server.port}/`);
  if (!stop.aborted) await once(stop, 'abort');
  writeNote('stopping');
  clearInterval(sweeping);
  realtime.close();
  await jobs.close();
  await webhooks.close();
  await server.drain(DRAIN_SECONDS);
  await laptop.close();
  return 0;
}

const isEverywhere = (host: string) => ['0.0.0.0', '[::]'].includes(host);

async function checkHost({ host, keys }: ServeOptions): Promise<void> {
  if (keys === undefined) {
    const isLoopback =
      host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
    if (isLoopback) return;
    throw new MurmurationError(
      'invalid-argument',
      `without keys nobody but this machine may use the server, and ${host} is beyond it: give --keys`,
    );
  }
  if ((await readKeyFile(keys)).keys.length > 0) return;
  throw new MurmurationError(
    'file-not-found',
    `no key is in "${keys}": make one with "murmuration keys create"`,
  );
}

function describe(error: unknown): string {
  if (error instanceof MurmurationError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
