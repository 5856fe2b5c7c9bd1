import { type FolderWebhooks, folderWebhooks } from '@murmuration/api/adapters/folder-webhooks';
import { webhookSecretFile } from '@murmuration/api/adapters/webhook-secret-file';
import { reachBounds } from '@murmuration/media/reach-bounds';
import { httpWebhookSender } from '@murmuration/pipeline/adapters/http-webhook-sender';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import { runStep } from '@murmuration/pipeline/pipeline';
import { writeNote } from '../report-failure.ts';

/** Tells the ends of jobs of this machine by the step that tells them in the cloud. */
export async function laptopWebhooks(
  folder: string,
  reach: 'public' | 'network',
  onError: (error: unknown, jobId: string) => void,
): Promise<FolderWebhooks> {
  const clock = Date.now;
  const ports = {
    clock,
    webhooks: httpWebhookSender(reachBounds(reach)),
    webhookSecret: await webhookSecretFile(folder),
    meter: { add: () => undefined },
    // The address comes with the message
    store: memoryObjectStore(),
  };
  return folderWebhooks({
    folder,
    clock,
    tell: (due) => runStep(['webhook-due'], due, ports),
    onTold(told) {
      if (told.kind === 'webhook-postponed') {
        writeNote(`${told.jobId}: webhook not told, ${told.reason}; again in ${told.waitSeconds} s`);
      }
      if (told.kind === 'webhook-given-up') {
        writeNote(`${told.jobId}: webhook given up, ${told.reason}; see "murmuration webhooks list"`);
      }
    },
    onError,
  });
}
