import { setTimeout as wait } from 'node:timers/promises';
import { Hono } from 'hono';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { apiAddress, callApi } from './call-api.ts';
import { createApiKey } from './create-api-key.ts';
import { twin } from './kit.ts';
import { serveOnLoopback } from './serve-on-loopback.ts';
import { speech } from './speech.ts';

const said = /ask not what your country can do for you/i;

const json = ({ text }: { text: string }) => JSON.parse(text);

/** Sends speech part by part to where the API says, and answers the upload's id. */
async function upload(key: string): Promise<string> {
  const media = speech();
  const made = json(
    await callApi(key, '/v1/uploads', { body: { name: 'jfk.flac', size_bytes: media.length } }),
  );
  const etags: string[] = [];
  for (const { url, start_byte, end_byte } of made.parts) {
    const sent = await fetch(url, {
      method: 'PUT',
      body: new Uint8Array(media.subarray(start_byte, end_byte)),
    });
    etags.push(sent.headers.get('etag')!);
  }
  const done = await callApi(key, `/v1/uploads/${made.id}/complete`, { body: { etags } });
  expect(done.status, done.text).toBe(200);
  return made.id;
}

describe('the API on AWS', () => {
  it("transcribes for OpenAI's client while it waits", async () => {
    const client = new OpenAI({ baseURL: `${apiAddress}/v1`, apiKey: await createApiKey(), maxRetries: 0 });
    const file = await OpenAI.toFile(speech(), 'jfk.flac');
    expect((await client.audio.transcriptions.create({ file, model: 'whisper-1' })).text).toMatch(said);
  });

  it('lets in nobody without a key, and none that asks too often', async () => {
    expect((await callApi('sk-unknown', '/v1/models')).status).toBe(401);
    const key = await createApiKey({ requestsPerMinute: 2 });
    const statuses: number[] = [];
    for (let request = 0; request < 6; request++) statuses.push((await callApi(key, '/v1/models')).status);
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(statuses).toContain(429);
  });

  it('makes a job of an upload once, and tells its end, signed', async () => {
    const told: { body: string; headers: Record<string, string> }[] = [];
    const app = new Hono().post('/', async (c) => {
      told.push({ body: await c.req.text(), headers: c.req.header() });
      return c.body(null, 204);
    });
    const receiver = await serveOnLoopback(app);
    try {
      const key = await createApiKey({ budgetSeconds: 20 });
      const body = { upload_id: await upload(key), webhook: { url: receiver.url } };
      const once = { body, headers: { 'idempotency-key': 'story' } };
      const [first, second] = [await callApi(key, '/v1/jobs', once), await callApi(key, '/v1/jobs', once)];
      expect(first.status, first.text).toBe(202);
      const { id } = json(first);
      expect(json(second).id).toBe(id);

      let job = json(first);
      while (!['done', 'partial', 'failed'].includes(job.state)) {
        await wait(500);
        job = json(await callApi(key, `/v1/jobs/${id}`));
      }
      expect(job).toMatchObject({ state: 'done', text: expect.stringMatching(said), error: null });
      expect((await callApi(key, `/v1/jobs/${id}/transcript?format=vtt`)).text).toMatch(/^WEBVTT/);
      expect((await callApi(await createApiKey(), `/v1/jobs/${id}`)).status).toBe(404);
      expect(json(await callApi(key, '/v1/jobs')).data.map((one: { id: string }) => one.id)).toEqual([id]);

      while (told.length === 0) await wait(200);
      const event = new Webhook(twin.webhookSecret).verify(told[0]!.body, told[0]!.headers);
      expect(event).toMatchObject({ type: 'transcript-ready', data: { state: 'done' } });

      // 11 of its 20 seconds are spent
      const another = await callApi(key, '/v1/jobs', { body: { upload_id: body.upload_id } });
      expect([another.status, json(another).error.code]).toEqual([429, 'insufficient_quota']);

      expect(json(await callApi(key, `/v1/jobs/${id}`, { method: 'DELETE' }))).toMatchObject({
        deleted: true,
      });
      expect((await callApi(key, `/v1/jobs/${id}`)).status).toBe(404);
      expect((await callApi(key, `/v1/jobs/${id}/transcript`)).status).toBe(404);
    } finally {
      await receiver.stop();
    }
  });

  it('takes no address inside its own network', async () => {
    const key = await createApiKey();
    for (const file_url of ['https://169.254.169.254/latest/meta-data/', 'https://localhost/a.mp3']) {
      const refused = await callApi(key, '/v1/jobs', { body: { file_url } });
      expect(refused.status, refused.text).toBe(400);
    }
  });
});
