import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FolderWebhooks, folderWebhooks } from '@murmuration/api/adapters/folder-webhooks';
import { webhookFiles } from '@murmuration/api/adapters/webhook-files';
import { webhookSecretFile } from '@murmuration/api/adapters/webhook-secret-file';
import { resourceId } from '@murmuration/api/contract/resource-id';
import type { JobEvent, WebhookDue } from '@murmuration/pipeline/contract/webhook-messages';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { soon } from '../soon.ts';

const jobId = resourceId('job', 1, '00000000-0000-4000-8000-000000000000');
const url = 'https://receiver.example/hook';
const event: JobEvent = {
  kind: 'job-failed',
  jobId,
  sourceKey: `uploads/api/0/${jobId}`,
  state: 'failed',
  code: 'media-empty',
  reason: 'no samples are in it',
};

let folder: string;
let now: number;
let due: WebhookDue[];
let errors: unknown[];
let webhooks: FolderWebhooks;
function open(answer: 'delivered' | 'postponed' | 'given-up' | 'broken' = 'delivered'): FolderWebhooks {
  const opened = folderWebhooks({
    folder,
    clock: () => now,
    async tell(message) {
      due.push(message);
      const told = { jobId, deliveryId: 'msg_1', reason: 'it answered 503' };
      if (answer === 'broken') throw new Error('our own fault');
      if (answer === 'postponed') return { kind: 'webhook-postponed', ...told, waitSeconds: 5 };
      if (answer === 'given-up') return { kind: 'webhook-given-up', ...told };
      return { kind: 'webhook-delivered', jobId, deliveryId: 'msg_1', status: 204 };
    },
    onTold: () => undefined,
    onError: (error) => errors.push(error),
    everyMilliseconds: 5,
  });
  opened.start();
  return opened;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-webhooks-'));
  now = 1_000_000;
  [due, errors] = [[], []];
});
afterEach(async () => {
  await webhooks.close();
  await rm(folder, { recursive: true });
});
const files = () => webhookFiles(folder);

describe('webhooks in a folder', () => {
  it('are told once, and gone then', async () => {
    webhooks = open();
    await webhooks.add(event, url);
    await soon(async () => expect(await files().waiting()).toEqual([]));
    expect(due).toEqual([{ kind: 'webhook-due', event, url, attempt: 1 }]);
  });

  it('wait for their time, and are told by the process that comes after', async () => {
    webhooks = open('postponed');
    await webhooks.add(event, url);
    await soon(async () => expect((await files().waiting())[0]?.dueAt).toBe(now + 5000));
    await webhooks.close();
    expect(due).toHaveLength(1);
    webhooks = open();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(due).toHaveLength(1);
    now += 5000;
    await soon(() => expect(due).toHaveLength(2));
    expect(due[1]!.attempt).toBe(2);
  });

  it('that are given up are kept with the reason', async () => {
    webhooks = open('given-up');
    await webhooks.add(event, url);
    await soon(async () => expect(await files().dead()).toHaveLength(1));
    const [dead] = await files().dead();
    expect(await files().read(dead!)).toEqual({ event, url, attempt: 1, reason: 'it answered 503' });
    expect(await files().waiting()).toEqual([]);
  });

  it('are not lost by a fault of our own', async () => {
    webhooks = open('broken');
    await webhooks.add(event, url);
    await soon(async () => expect((await files().waiting())[0]?.dueAt).toBe(now + 60_000));
    expect(errors).toHaveLength(1);
  });

  it('that cannot be read stop none of the others', async () => {
    const other = { ...event, jobId: resourceId('job', 2, '00000000-0000-4000-8000-000000000000') };
    await files().add({ event, url, attempt: 1, reason: null }, now);
    const [file] = await files().waiting();
    await writeFile(file!.path, '{');
    webhooks = open();
    await webhooks.add(other, url);
    await soon(() => expect(due.map((one) => one.event.jobId)).toEqual([other.jobId]));
    await soon(async () => expect(await files().waiting()).toEqual([]));
    expect(await readdir(join(folder, 'webhooks/waiting'))).toEqual([expect.stringContaining('.damaged')]);
    expect(errors).toMatchObject([{ code: 'store-unavailable' }]);
  });

  it('are signed with a secret that stays the same', async () => {
    webhooks = open();
    const secret = await webhookSecretFile(folder);
    expect(secret).toMatch(/^whsec_/);
    expect(await webhookSecretFile(folder)).toBe(secret);
  });
});
