import { setTimeout as wait } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { budgetLeft, callApi } from './call-api.ts';
import { createApiKey } from './create-api-key.ts';
import { twin } from './kit.ts';
import { type LoopbackServer, serveOnLoopback } from './serve-on-loopback.ts';

const sqs = new SQSClient(awsAccess(twin.endpoint));
/** A WAV of a second whose samples are no numbers: its header is right, so it becomes a job, which fails. */
const noSound = Buffer.alloc(44 + 64_000, 0xff);
noSound.write('RIFF', 0);
noSound.writeUInt32LE(noSound.length - 8, 4);
noSound.write('WAVEfmt ', 8);
noSound.writeUInt32LE(16, 16);
// Floats, of one channel
noSound.writeUInt16LE(3, 20);
noSound.writeUInt16LE(1, 22);
noSound.writeUInt16LE(4, 32);
noSound.writeUInt16LE(32, 34);
noSound.writeUInt32LE(16_000, 24);
noSound.writeUInt32LE(64_000, 28);
noSound.write('data', 36);
noSound.writeUInt32LE(64_000, 40);
const told: { id: string | undefined; body: string }[] = [];
let status = 410;
let receiver: LoopbackServer;

beforeAll(async () => {
  const app = new Hono().post('/', async (c) => {
    told.push({ id: c.req.header('webhook-id'), body: await c.req.text() });
    return c.body(null, status as 204);
  });
  receiver = await serveOnLoopback(app);
});
afterAll(() => receiver.stop());

async function upload(key: string): Promise<string> {
  const size_bytes = noSound.length;
  const made = JSON.parse((await callApi(key, '/v1/uploads', { body: { size_bytes } })).text);
  const sent = await fetch(made.parts[0].url, { method: 'PUT', body: new Uint8Array(noSound) });
  const etags = [sent.headers.get('etag')];
  await callApi(key, `/v1/uploads/${made.id}/complete`, { body: { etags } });
  return made.id;
}

async function queues(): Promise<{ waiting: string; dead: string }> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const named = (part: string) => QueueUrls.find((url) => url.includes(part))!;
  return { waiting: named('WebhooksQueue'), dead: named('WebhooksDeadLetters') };
}

/** What `aws sqs start-message-move-task` does, which MiniStack knows nothing of. Answers how many were moved. */
async function redrive(): Promise<number> {
  const { waiting, dead } = await queues();
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: dead, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
  );
  for (const { Body: MessageBody, ReceiptHandle } of Messages) {
    await sqs.send(new SendMessageCommand({ QueueUrl: waiting, MessageBody }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl: dead, ReceiptHandle }));
  }
  return Messages.length;
}

describe('the end of a job that failed', () => {
  it('is told once to a receiver that refuses it, kept, and told again when a person sends it', async () => {
    const key = await createApiKey({ budgetSeconds: 1.5 });
    const upload_id = await upload(key);
    const begun = await callApi(key, '/v1/jobs', { body: { upload_id, webhook: { url: receiver.url } } });
    expect(begun.status, begun.text).toBe(202);
    const { id } = JSON.parse(begun.text);
    while (told.length === 0) await wait(200);
    expect(JSON.parse(told[0]!.body)).toMatchObject({
      type: 'job-failed',
      data: { code: 'audio-invalid' },
    });
    expect(JSON.parse(told[0]!.body).data.sourceKey).toMatch(new RegExp(`/${id}/`));

    // All that it held is there again, without anybody having asked for the job
    while ((await budgetLeft(key)) !== 1.5) await wait(200);

    // SQS would have brought it again at once
    await wait(3000);
    expect(told).toHaveLength(1);
    status = 204;
    expect(await redrive()).toBe(1);
    while (told.length === 1) await wait(200);
    expect(told[1]!.id).toBe(told[0]!.id);
    await wait(1000);
    expect(await redrive()).toBe(0);
  });
});
