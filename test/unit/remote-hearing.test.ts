import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ApiJob } from '@murmuration/api/contract/api-job';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { afterEach, describe, expect, it } from 'vitest';
import { apiClient } from '../../functions/cli/remote/api-client.ts';
import { remoteHearing } from '../../functions/cli/remote/remote-hearing.ts';
import { retryAfter } from '../../functions/cli/remote/retry-after.ts';
import { fixture } from '../functions/run-cli.ts';
import { transcriptOf } from './factories/transcript.ts';

const job: ApiJob = {
  ...{ id: 'job_1', object: 'transcription.job', state: 'done', name: 'a', model: 'm', created_at: 0 },
  ...{ updated_at: 0, progress: { done_seconds: 1, total_seconds: 1 }, text: '', language: 'en' },
  ...{ cached_segments: 0, warnings: [], findings: [], error: null },
};
const uploadId = `upload_${'0'.repeat(44)}`;
const upload = {
  ...{ id: uploadId, object: 'upload', name: 'a', size_bytes: 1, expires_at: 0 },
  parts: [{ method: 'PUT', url: `/v1/uploads/${uploadId}/content`, start_byte: 0, end_byte: 1 }],
};
const good: Readonly<Record<string, unknown>> = {
  'POST /v1/uploads': upload,
  [`PUT /v1/uploads/${uploadId}/content`]: { etag: 'a' },
  [`POST /v1/uploads/${uploadId}/complete`]: {},
  'POST /v1/jobs': job,
  'GET /v1/jobs/job_1': job,
  'GET /v1/jobs/job_1/transcript?format=json': transcriptOf(),
  'DELETE /v1/jobs/job_1': {},
};

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

type Fault = number | 'break' | { readonly body: unknown; readonly status?: number; readonly wait?: string };

/** A server that fails as often as `faults` says of an operation before it does as it should. */
async function serverWith(faults: Readonly<Record<string, readonly Fault[]>>, own = good) {
  const calls: string[] = [];
  const keys = new Set<unknown>();
  const left = new Map(Object.entries(faults).map(([what, list]) => [what, [...list]]));
  server = createServer(async (request: IncomingMessage, response) => {
    const what = `${request.method} ${request.url}`;
    calls.push(what);
    if (what === 'POST /v1/jobs') {
      await json(request);
      keys.add(request.headers['idempotency-key']);
    }
    const fault = left.get(what)?.shift();
    if (fault === 'break') return request.socket.destroy();
    const {
      status = 200,
      body,
      wait = '0',
    } = typeof fault === 'number' ? { status: fault, body: 'Bad Gateway' } : (fault ?? { body: own[what] });
    response.writeHead(status, { 'retry-after': wait, etag: '"a"' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, calls, keys, times: (what: string) => calls.filter((call) => call === what).length };
}

function hear(remote: string, source = fixture('NOTICES.md'), signal?: AbortSignal) {
  const edits = { replace: [], redact: [] } as unknown as Parameters<typeof remoteHearing>[0]['edits'];
  const hearing = remoteHearing({ remote, language: 'auto', edits });
  const request = { source, name: 'a', decoding: DecodingOptions.parse({}), channels: 'mix' };
  return hearing.hear(request as Parameters<typeof hearing.hear>[0], signal === undefined ? {} : { signal });
}

const removal = 'DELETE /v1/jobs/job_1';

describe('a server that fails for a moment', () => {
  it.each(Object.keys(good).filter((what) => what !== removal))('is asked again: %s', async (what) => {
    const faults = [503, 'break', 502, 429] as const;
    const { address, times, keys } = await serverWith({ [what]: what.endsWith('uploads') ? [503] : faults });
    const { transcript } = await hear(address);
    expect(transcript).toEqual(transcriptOf());
    expect(times(what)).toBe(what.endsWith('uploads') ? 2 : 5);
    expect(times(removal)).toBe(1);
    expect(keys).toEqual(new Set([expect.stringMatching(/^[\w-]{36}$/)]));
  });

  it('keeps its job where it does not come back, and the way to it is told', async () => {
    const what = 'GET /v1/jobs/job_1';
    const { address, times } = await serverWith({ [what]: Array(20).fill(503) });
    await expect(hear(address)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('/v1/jobs/job_1/transcript'),
    });
    expect([times(what), times(removal)]).toEqual([8, 0]);
  });

  it('is left by who presses Ctrl-C while it is waited for, and the job is deleted', async () => {
    const what = 'GET /v1/jobs/job_1';
    const { address, calls, times } = await serverWith({ [what]: [{ status: 503, body: '', wait: '3600' }] });
    const stop = new AbortController();
    const heard = hear(address, 'https://localhost/a.mp3', stop.signal).catch((error: unknown) => error);
    while (!calls.includes(what)) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect(await heard).toMatchObject({ code: 'aborted' });
    expect(times(removal)).toBe(1);
  });
});

describe('what will not pass', () => {
  it('is told at once: a job that failed, which is deleted', async () => {
    const failed = { ...job, state: 'failed', error: { code: 'media-unreadable', message: 'no audio' } };
    const { address, times } = await serverWith({}, { ...good, 'GET /v1/jobs/job_1': failed });
    await expect(hear(address)).rejects.toMatchObject({ code: 'media-unreadable', message: 'no audio' });
    expect(times(removal)).toBe(1);
  });

  it('is told at once: a budget that is spent, a fault of the server, no such job', async () => {
    for (const [status, code] of [
      [429, 'insufficient_quota'],
      [500, 'internal'],
    ] as const) {
      server = createServer((_, response) => {
        const error = { message: 'no', type: 'a', param: null, code };
        response.writeHead(status, { 'x-should-retry': 'false' }).end(JSON.stringify({ error }));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const refused = apiClient(address, undefined).send('/v1/a', new Blob(['a']));
      await expect(refused).rejects.toMatchObject({ message: 'no' });
      server.close();
    }
  });
});

describe('the time until a request is sent again', () => {
  it('is what the server says, within a minute, else longer each time', () => {
    expect(retryAfter(0, '7', 0)).toBe(7);
    expect(retryAfter(0, '86400', 0)).toBe(60);
    expect(retryAfter(0, '-1', 0)).toBe(0);
    expect(retryAfter(0, 'Thu, 01 Jan 1970 00:00:09 GMT', 4000)).toBe(5);
    for (const said of [null, '', 'soon']) {
      expect([0, 1, 6, 7].map((retries) => retryAfter(retries, said, 0))).toEqual([0.5, 1, 30, undefined]);
    }
    expect(retryAfter(7, '1', 0)).toBeUndefined();
  });
});
