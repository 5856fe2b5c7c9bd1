import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiJob } from '@murmuration/api/contract/api-job';
import { UploadAnswer } from '@murmuration/api/contract/job-input';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { recordingForm } from './recording-form.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** Puts a card number where none was said, so that there is one to redact; the rules themselves do not spell the word. */
const replace = [{ regex: 'Ameri[c]ans', with: '4111 1111 1111 1111' }];
const PRIVATE = /Americans|1111/;
const EDITED = 'And so my fellow [card] ask not what your country can do for you, ask what you can do';

const redacted = [
  ['replace', JSON.stringify(replace)],
  ['redact[]', 'email'],
  ['redact[]', 'card'],
] as const;

async function transcribe(fields: readonly (readonly [string, string])[]): Promise<Response> {
  const body = await recordingForm('jfk.flac', fields);
  return fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body });
}

/** Paths of what lies in a folder. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function begin(json: object): Promise<Response> {
  const bytes = await readFile(fixture('jfk.flac'));
  const post = (path: string, body: object) =>
    fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
  const { id, parts } = UploadAnswer.parse(
    await (await post('/v1/uploads', { size_bytes: bytes.length })).json(),
  );
  await fetch(new URL(parts[0]!.url, server.url), { method: 'PUT', body: bytes });
  await post(`/v1/uploads/${id}/complete`, {});
  return post('/v1/jobs', { upload_id: id, ...json });
}

describe('redact and replace', () => {
  it.each(['text', 'srt', 'vtt', 'verbose_json', 'json'])('hold in %s, words too', async (format) => {
    const granularity = ['timestamp_granularities[]', 'word'] as const;
    const words = format === 'verbose_json' ? [granularity] : [];
    const logprobs = format === 'json' ? [['include[]', 'logprobs'] as const] : [];
    const text = await (
      await transcribe([...redacted, ['response_format', format], ...words, ...logprobs])
    ).text();
    expect(text).toContain('[card]');
    expect(text).not.toMatch(PRIVATE);
  });

  it('hold in streams: no delta tells what the whole text will not', async () => {
    const text = await (await transcribe([...redacted, ['stream', 'true']])).text();
    expect(text).not.toMatch(PRIVATE);
    const events = text
      .split('\n\n')
      .filter((event) => event !== '')
      .map((event) => JSON.parse(event.replace('data: ', '')));
    const deltas = events.filter(({ type }) => type === 'transcript.text.delta');
    expect(deltas.map(({ delta }) => delta).join('')).toContain(EDITED);
    expect(events.at(-1)).toMatchObject({
      type: 'transcript.text.done',
      text: expect.stringContaining(EDITED),
    });
  });

  it('take their kinds with commas, and keep nothing in the cache', async () => {
    const own = await startServer();
    try {
      const body = await recordingForm('jfk.flac', [redacted[0], ['redact', 'card,phone']]);
      const response = await fetch(`${own.url}/v1/audio/transcriptions`, { method: 'POST', body });
      expect(await response.json()).toMatchObject({ text: expect.stringContaining(EDITED) });
      expect(await filesUnder(join(own.dataFolder, 'cache', 'murmuration'))).toEqual([]);
    } finally {
      await own.stop();
    }
  });

  it.each([
    [[['redact', 'soul']], 'redact'],
    [[['replace', 'jeff']], 'replace'],
    [[['replace', '[{"regex":"(?<=a)b","with":""}]']], 'replace'],
    [[['replace', '[{"regex":"(.{1000})x","with":""}]']], 'replace'],
    [
      [
        ['redact', 'phone'],
        ['phone_country', 'XX'],
      ],
      'phone_country',
    ],
  ] as const)('are refused where they cannot be used: %j', async (fields, param) => {
    const response = await transcribe(fields);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { param: string } };
    expect(error.param).toMatch(new RegExp(`^${param}`));
  });

  it('hold in jobs: no file of the server has what was redacted', async () => {
    const created = await begin({ replace, redact: ['card'] });
    expect(created.status).toBe(202);
    const { id } = ApiJob.parse(await created.json());
    const seen: string[] = [];
    let job: ApiJob;
    do {
      const body = await (await fetch(`${server.url}/v1/jobs/${id}`)).text();
      seen.push(body);
      job = ApiJob.parse(JSON.parse(body));
      await new Promise((resolve) => setTimeout(resolve, 20));
    } while (job.state === 'queued' || job.state === 'running');
    expect(job).toMatchObject({ state: 'done', text: expect.stringContaining(EDITED) });
    expect(seen.join('\n')).not.toMatch(PRIVATE);
    for (const format of ['json', 'srt', 'verbose_json']) {
      const path = `/v1/jobs/${id}/transcript?format=${format}`;
      expect(await (await fetch(server.url + path)).text()).not.toMatch(PRIVATE);
    }
    for (const path of await filesUnder(join(server.dataFolder, 'data', 'jobs'))) {
      expect(await readFile(path, 'latin1')).not.toContain('Americans');
    }
  });

  it('are refused in jobs where they cannot be used, before the recording is heard', async () => {
    for (const json of [{ redact: ['soul'] }, { replace: [{ regex: '(', with: '' }] }]) {
      const response = await begin(json);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: expect.stringMatching(/^re/) } });
    }
  });
});
