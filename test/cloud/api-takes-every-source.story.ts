import type { ApiJob } from '@murmuration/api/contract/api-job';
import { keys } from '@murmuration/pipeline/keys';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callApi, endedJob } from './call-api.ts';
import { createApiKey, ownerOf } from './create-api-key.ts';
import { list, put } from './kit.ts';
import { type LoopbackServer, serveOnLoopback } from './serve-on-loopback.ts';
import { longSpeech, speech } from './speech.ts';

const said = /ask not what your country can do for you/i;
let origin: string;
let files: LoopbackServer;

/** Recordings of somebody else: `/talk.flac`, and `/moved` leads there. */
beforeAll(async () => {
  const app = new Hono()
    .get('/talk.flac', (c) => c.body(new Uint8Array(speech())))
    .get('/moved', (c) => c.redirect('/talk.flac'));
  files = await serveOnLoopback(app);
  // What handlers send to this machine goes without TLS: MiniStack takes it away
  origin = files.url.replace('http://127.0.0.1', 'https://localhost');
});
afterAll(() => files.stop());

describe('a job of the API on AWS', () => {
  it.each(['/talk.flac', '/moved'])('fetches its recording from %s', async (path) => {
    const key = await createApiKey();
    const job = await endedJob(key, await callApi(key, '/v1/jobs', { body: { file_url: origin + path } }));
    expect(job).toMatchObject({ state: 'done', text: expect.stringMatching(said), error: null });
  });

  it('says that an address has nothing', async () => {
    const refused = await callApi(await createApiKey(), '/v1/jobs', {
      body: { file_url: `${origin}/nothing.flac` },
    });
    expect(refused.status, refused.text).toBe(400);
    expect(JSON.parse(refused.text).error.param).toBe('file_url');
  });

  it('takes what its owner has put into the bucket, and nothing of others', async () => {
    const key = await createApiKey();
    const s3_key = `${keys.uploadsPrefix}owners/${ownerOf(key)}/talk of ü`;
    await put(s3_key, speech());
    const job = await endedJob(key, await callApi(key, '/v1/jobs', { body: { s3_key } }));
    expect(job).toMatchObject({ state: 'done', text: expect.stringMatching(said) });
    const estimate = await callApi(key, '/v1/jobs', { body: { s3_key, dry_run: true } });
    expect(JSON.parse(estimate.text)).toMatchObject({ duration_seconds: 11, heard_seconds: 11 });
    const other = await createApiKey();
    for (const dry_run of [false, true]) {
      const stolen = await callApi(other, '/v1/jobs', { body: { s3_key, dry_run } });
      expect([stolen.status, JSON.parse(stolen.text).error.param]).toEqual([400, 's3_key']);
      const missing = await callApi(key, '/v1/jobs', { body: { s3_key: `${s3_key}x`, dry_run } });
      expect(missing.status, missing.text).toBe(404);
    }
  });

  it('shows its text while it goes on', async () => {
    const key = await createApiKey();
    const { media, seconds } = await longSpeech(400);
    const s3_key = `${keys.uploadsPrefix}owners/${ownerOf(key)}/long`;
    await put(s3_key, media);
    const looks: ApiJob[] = [];
    const begun = await callApi(key, '/v1/jobs', { body: { s3_key } });
    const job = await endedJob(key, begun, (look) => looks.push(look));
    expect(job.state).toBe('done');
    const partial = looks.filter(({ state, text }) => state === 'running' && text !== '');
    expect(partial.length).toBeGreaterThan(0);
    const { progress, text } = partial.at(-1)!;
    expect(progress.total_seconds).toBeCloseTo(seconds, 0);
    expect(progress.done_seconds).toBeGreaterThan(0);
    expect(text.length).toBeLessThanOrEqual(job.text.length + 50);
    const done = looks.map((look) => look.progress.done_seconds);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  }, 400_000);

  it('is listed page by page, newest first, and is gone when it is removed', async () => {
    const key = await createApiKey();
    const begun: string[] = [];
    for (let count = 0; count < 3; count++) {
      const job = await endedJob(
        key,
        await callApi(key, '/v1/jobs', { body: { file_url: `${origin}/talk.flac` } }),
      );
      begun.unshift(job.id);
    }
    const listed: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = JSON.parse((await callApi(key, `/v1/jobs?limit=2${query}`)).text);
      expect(page.has_more).toBe(page.next_cursor !== null);
      listed.push(...page.data.map(({ id }: ApiJob) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(listed).toEqual(begun);

    const [id] = begun;
    const traces = async () => (await list()).filter((each) => each.includes(id!));
    expect((await traces()).length).toBeGreaterThan(5);
    // Nobody else's
    expect((await callApi(await createApiKey(), `/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await callApi(key, `/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await traces()).toEqual([]);
    const left = JSON.parse((await callApi(key, '/v1/jobs')).text).data;
    expect(left.map((job: ApiJob) => job.id)).toEqual(begun.slice(1));
  });
});
