import type {
  JobEvent,
  WebhookDelivered,
  WebhookDue,
  WebhookGivenUp,
  WebhookPostponed,
  WebhookUnwanted,
} from '@murmuration/pipeline/contract/webhook-messages';
import type { Clock } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import { type WebhookFile, webhookFiles } from './webhook-files.ts';

type Told = WebhookDelivered | WebhookPostponed | WebhookGivenUp | WebhookUnwanted;

export interface FolderWebhooksOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Tells one; what it throws is no fault of the receiver. */
  readonly tell: (due: WebhookDue) => Promise<Told>;
  /** After each try. */
  readonly onTold: (told: Told) => void;
  readonly onError: (error: unknown, jobId: string) => void;
  /** How often it is looked for what is due, also by other processes. @default 1000 */
  readonly everyMilliseconds?: number | undefined;
}

export interface FolderWebhooks {
  /** From now on webhooks are told; of one folder by one process. */
  start(): void;
  /** Kept when the promise is: it is told by this process, or after a restart. */
  add(event: JobEvent, url: string): Promise<void>;
  /** Tells nothing of this job any more. */
  forget(jobId: string): Promise<void>;
  close(): Promise<void>;
}

/** A slow receiver delays few others. */
const AT_ONCE = 8;
/** After a fault of our own. */
const PAUSE_MILLISECONDS = 60_000;

/** Tells webhooks from a folder until they arrive. What does not is kept as a dead letter, for a person to replay. */
export function folderWebhooks(options: FolderWebhooksOptions): FolderWebhooks {
  const { folder, clock, tell, onTold, onError, everyMilliseconds = 1000 } = options;
  const files = webhookFiles(folder);
  const limit = pLimit(AT_ONCE);
  const underWay = new Map<string, Promise<void>>();
  let looking: Promise<void> | undefined;
  let isClosed = false;

  async function look(): Promise<void> {
    for (const file of await files.waiting()) {
      const { jobId, dueAt = 0 } = file;
      if (isClosed || dueAt > clock() || underWay.has(jobId)) continue;
      const told = limit(() => send(file))
        .catch((error: unknown) => onError(error, jobId))
        .finally(() => underWay.delete(jobId));
      underWay.set(jobId, told);
    }
  }

  async function send(file: WebhookFile): Promise<void> {
    if (isClosed) return;
    const kept = await files.read(file).catch(async (error: unknown) => {
      await files.setAside(file);
      throw error;
    });
    // It was told since, or removed
    if (kept === undefined) return;
    const { event, url, attempt } = kept;
    const told = await tell({ kind: 'webhook-due', event, url, attempt }).catch(async (error: unknown) => {
      await files.postpone(file, kept, clock() + PAUSE_MILLISECONDS);
      throw error;
    });
    if (told.kind === 'webhook-postponed') {
      const later = { ...kept, attempt: attempt + 1, reason: told.reason };
      await files.postpone(file, later, clock() + told.waitSeconds * 1000);
    } else if (told.kind === 'webhook-given-up') {
      await files.giveUp(file, { ...kept, reason: told.reason });
    } else {
      await files.remove(file);
    }
    onTold(told);
  }

  const begin = () => {
    looking ??= look()
      .catch((error: unknown) => onError(error, 'webhooks'))
      .finally(() => {
        looking = undefined;
      });
  };
  let timer: NodeJS.Timeout | undefined;

  return {
    start() {
      timer = setInterval(begin, everyMilliseconds);
      begin();
    },
    async add(event, url) {
      await files.add({ event, url, attempt: 1, reason: null }, clock());
      if (timer !== undefined) begin();
    },
    async forget(jobId) {
      await underWay.get(jobId);
      const all = [...(await files.waiting()), ...(await files.dead())];
      await Promise.all(all.filter((file) => file.jobId === jobId).map(files.remove));
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await looking;
      await Promise.all(underWay.values());
    },
  };
}
