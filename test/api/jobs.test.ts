import { readFile } from 'node:fs/promises';
import { ApiJob } from '@murmuration/api/contract/api-job';
import { UploadAnswer } from '@murmuration/api/contract/job-input';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

function call(path: string, { method = 'GET', json, headers = {} }: CallOptions = {}): Promise<Response> {
  return fetch(server.url + path, {
    method,
    headers: { ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
}
interface CallOptions {
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

async function uploaded(recording: string): Promise<string> {
  const bytes = await readFile(fixture(recording));
  const created = await call('/v1/uploads', {
    method: 'POST',
    json: { name: recording, size_bytes: bytes.length },
  });
  const { id, parts } = UploadAnswer.parse(await created.json());
  for (const { url, start_byte, end_byte } of parts) {
    const sent = await fetch(new URL(url, server.url), {
      method: 'PUT',
      body: bytes.subarray(start_byte, end_byte),
    });
    expect(sent.status).toBe(200);
  }
  expect((await call(`/v1/uploads/${id}/complete`, { method: 'POST', json: {} })).status).toBe(200);
  return id;
}

async function begun(json: unknown, headers?: Record<string, string>): Promise<ApiJob> {
  const response = await call('/v1/jobs', { method: 'POST', json, ...(headers ? { headers } : {}) });
  expect(response.status).toBe(202);
  return ApiJob.parse(await response.json());
}

async function ended(id: string): Promise<ApiJob> {
  while (true) {
    const job = ApiJob.parse(await (await call(`/v1/jobs/${id}`)).json());
    if (!['queued', 'running'].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a job', () => {
  it('goes from upload to transcripts in every format, and can be deleted', async () => {
    const { id } = await begun({ upload_id: await uploaded('jfk.flac') });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'done', name: 'jfk.flac', language: 'en', error: null });
    expect(job.progress).toEqual({ done_seconds: 11, total_seconds: 11 });
    const beginnings = {
      text: /^And so/,
      json: /^\{/,
      verbose_json: /^\{/,
      srt: /^1\n/,
      vtt: /^WEBVTT/,
      tsv: /^start/,
    };
    for (const [format, beginning] of Object.entries(beginnings)) {
      expect(await (await call(`/v1/jobs/${id}/transcript?format=${format}`)).text()).toMatch(beginning);
    }
    expect((await call(`/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await call(`/v1/jobs/${id}`)).status).toBe(404);
    expect((await call(`/v1/jobs/${id}/transcript`)).status).toBe(404);
  });

  it('is one job where the request is sent again, and a conflict where it is another', async () => {
    const upload_id = await uploaded('whats-the-weather-like.mp3');
    const key = { 'idempotency-key': 'monday-call' };
    const both = await Promise.all([begun({ upload_id }, key), begun({ upload_id }, key)]);
    expect(both[0].id).toBe(both[1].id);
    const other = await call('/v1/jobs', { method: 'POST', json: { upload_id, words: false }, headers: key });
    expect(other.status).toBe(409);
  });

  it('can be estimated, and nothing is begun', async () => {
    const before = (await (await call('/v1/jobs')).json()) as { data: unknown[] };
    const json = { upload_id: await uploaded('jfk.flac'), dry_run: true };
    const estimate = await (await call('/v1/jobs', { method: 'POST', json })).json();
    expect(estimate).toMatchObject({ object: 'transcription.estimate', duration_seconds: 11, dollars: 0 });
    const after = (await (await call('/v1/jobs')).json()) as { data: unknown[] };
    expect(after.data).toHaveLength(before.data.length);
  });

  it('fails with a reason that names no path of the server', async () => {
    const { id } = await begun({ upload_id: await uploaded('NOTICES.md') });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'media-unreadable' } });
    expect(job.error?.message).not.toContain(server.dataFolder);
    expect((await call(`/v1/jobs/${id}/transcript`)).status).toBe(409);
  });

  it('fetches nothing from this machine or its network', async () => {
    for (const file_url of [
      'https://127.0.0.1/a.mp3',
      'https://localhost/a.mp3',
      'https://[::1]/a',
      'https://0x7f.1/a',
    ]) {
      const job = await ended((await begun({ file_url })).id);
      expect(job).toMatchObject({
        state: 'failed',
        error: { message: expect.stringContaining('no address that may be asked') },
      });
    }
    for (const file_url of ['http://example.com/a.mp3', 'file:///etc/passwd', 'ftp://example.com/a']) {
      expect((await call('/v1/jobs', { method: 'POST', json: { file_url } })).status).toBe(400);
    }
  });

  it('is refused at once where it names a bucket, which is none of this machine', async () => {
    for (const dry_run of [true, false]) {
      const refused = await call('/v1/jobs', { method: 'POST', json: { s3_key: 'uploads/a.mp3', dry_run } });
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: { param: 's3_key' } });
    }
  });

  it('is listed page by page, newest first', async () => {
    const upload_id = await uploaded('whats-the-weather-like.mp3');
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.unshift((await begun({ upload_id })).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await (await call(`/v1/jobs?limit=2${query}`)).json()) as Page;
      expect(page.has_more).toBe(page.next_cursor !== null);
      seen.push(...page.data.map(({ id }) => id));
      // They are as long as the recordings
      for (const job of page.data) expect(job).not.toHaveProperty('text');
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen.slice(0, 5)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('goes on where the server was ended and started again', async () => {
    const { id } = await begun({ upload_id: await uploaded('brooklyn-bridge.flac') });
    expect(await server.stop({ keepData: true })).toBe(0);
    server = await startServer([], { dataFolder: server.dataFolder });
    expect((await ended(id)).state).toBe('done');
  });
});
interface Page {
  readonly data: { readonly id: string }[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

describe('an upload', () => {
  it('takes no more than was announced, and is not complete with less', async () => {
    const created = await call('/v1/uploads', { method: 'POST', json: { size_bytes: 10 } });
    const { id, parts } = UploadAnswer.parse(await created.json());
    const put = (body: string) => fetch(new URL(parts[0]!.url, server.url), { method: 'PUT', body });
    expect((await put('eleven byte')).status).toBe(413);
    expect((await put('too few')).status).toBe(200);
    expect((await call(`/v1/uploads/${id}/complete`, { method: 'POST', json: {} })).status).toBe(400);
    const early = await call('/v1/jobs', { method: 'POST', json: { upload_id: id } });
    expect(early.status).toBe(400);
  });

  it('must not be larger than the server takes', async () => {
    const json = { size_bytes: Number.MAX_SAFE_INTEGER };
    expect((await call('/v1/uploads', { method: 'POST', json })).status).toBe(413);
  });
});
