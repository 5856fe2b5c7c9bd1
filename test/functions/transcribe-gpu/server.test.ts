import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromSixteenBit, toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { hearSegments } from '@murmuration/pipeline/hearing/hear-segments';
import { keys } from '@murmuration/pipeline/keys';
import { heardLanguages } from '@murmuration/pipeline/transcripts/heard-languages';
import { createEngine } from '@murmuration/whisper/engine';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { plainWords, recording, reference, tinyModel } from '../../engine/recordings.ts';
import { serveBucket } from './bucket-server.ts';
import { startServer } from './start-server.ts';

const speech = ['jfk.flac', 'wreck-a-nice-beach.wav', 'whats-the-weather-like.mp3'];
const sounds = await Promise.all(speech.map(async (name) => toSixteenBit(await recording(name))));
const inline = { pcm: Buffer.from(sounds[0]!).toString('base64') };

/** The recordings as one, cut where each begins. */
function batchOf(jobId: string, order: readonly number[]) {
  let at = 0;
  const segments = order.map((sound, index) => {
    const bytes = sounds[sound]!;
    const [byteStart, byteEnd] = [at, at + bytes.length];
    at = byteEnd;
    return {
      index,
      startSeconds: byteStart / 32_000,
      endSeconds: byteEnd / 32_000,
      overlapSeconds: 0,
      byteStart,
      byteEnd,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      // Where nothing is said too: the second look finds gaps to look into
      speech: [{ startSeconds: 0, endSeconds: bytes.length / 32_000 }],
    };
  });
  return {
    audio: [keys.audio(jobId), Buffer.concat(order.map((sound) => sounds[sound]!))] as const,
    invocation: {
      kind: 'batch',
      bucket: 'recordings',
      jobId,
      index: 7,
      model: 'whisper-tiny.en-int8',
      decoding: DecodingOptions.parse({ language: 'en' }),
      segments,
    },
  };
}

const jobs = [batchOf('one', [0, 1, 2]), batchOf('two', [2, 1]), batchOf('three', [1])];
const objects = new Map(jobs.map(({ audio }) => audio));
let bucket: Awaited<ReturnType<typeof serveBucket>>;
let server: ReturnType<typeof startServer>;

beforeAll(async () => {
  bucket = await serveBucket('recordings', objects);
  server = startServer({ AWS_ENDPOINT_URL: bucket.url, MOST_BODY_BYTES: '2000000' });
  await server.ready();
});

afterAll(async () => {
  server.kill('SIGKILL');
  await bucket.close();
});

/** Comes back once so many requests were begun or answered, however slow this machine is. */
async function begun({ get }: Pick<typeof server, 'get'>, requests: number): Promise<void> {
  await vi.waitFor(async () => {
    const text = await (await get('/metrics')).text();
    const counts = text.matchAll(/^murmuration_requests_(?:under_way|total\{.*\}) (\d+)$/gm);
    const sum = [...counts].reduce((all, [, count]) => all + Number(count), 0);
    expect(sum).toBeGreaterThanOrEqual(requests);
  }, 20_000);
}

describe('the GPU server, here on a processor', () => {
  it('is ready once its model has run, and not before', async () => {
    const starting = startServer();
    await starting.logged('listening');
    const early = await starting.get('/ping');
    expect([early.status, await early.json()]).toEqual([503, { status: 'starting' }]);
    const refused = await starting.invoke(inline);
    expect([refused.status, refused.body]).toEqual([503, { code: 'overloaded', reason: 'starting' }]);
    await starting.ready();
    expect((await starting.get('/ping')).status).toBe(200);
    starting.kill('SIGTERM');
    expect(await starting.ended).toBe(0);
  });

  it('transcribes audio that comes with the request', async () => {
    const { status, body } = await server.invoke({ ...inline, decoding: { words: true } });
    expect(status).toBe(200);
    const { lane, transcripts } = BatchResult.parse(body);
    expect(lane).toBe('gpu');
    expect(plainWords(transcripts[0]!.text)).toEqual(plainWords(reference('jfk.flac')));
    expect(transcripts[0]!.words?.[0]).toMatchObject({ text: expect.stringMatching(/and/i) });
  });

  it('transcribes batches of several jobs at once, each from its place in S3, and mixes nothing up', async () => {
    const answers = await Promise.all(jobs.map(({ invocation }) => server.invoke(invocation)));
    const heard = answers.map(({ body }) => BatchResult.parse(body));
    expect(heard.map(({ jobId, index }) => [jobId, index])).toEqual([
      ['one', 7],
      ['two', 7],
      ['three', 7],
    ]);
    const texts = heard.map(({ transcripts }) => transcripts.map(({ text }) => text));
    const [jfk, beach, weather] = texts[0]!;
    expect(plainWords(jfk!)).toEqual(plainWords(reference('jfk.flac')));
    expect(texts).toEqual([[jfk, beach, weather], [weather, beach], [beach]]);
  });

  it('hears what the CPU lane hears, second looks and word times included', async () => {
    const { invocation } = jobs[0]!;
    const decoding = { ...invocation.decoding, words: true };
    const answers = await Promise.all([1, 2].map(() => server.invoke({ ...invocation, decoding })));
    const engine = await createEngine({ modelFolder: tinyModel });
    const segments = [0, 1, 2].map((sound) => ({
      pcm: fromSixteenBit(sounds[sound]!),
      speech: invocation.segments[sound]!.speech,
    }));
    const { transcripts } = await hearSegments(segments, decoding, heardLanguages(), { engine });
    await engine.close();
    for (const { body } of answers) {
      const heard = BatchResult.parse(body).transcripts;
      expect(heard.map(({ text }) => text)).toEqual(transcripts.map(({ text }) => text));
      expect(heard.map(({ words }) => words?.length)).toEqual(transcripts.map(({ words }) => words?.length));
    }
  });

  it.each([
    ['no JSON', '{', 400, /no JSON/],
    ['neither of the two', { audio: 1 }, 400, /neither a batch nor/],
    ['an option that does not exist', { ...inline, decoding: { beams: 5 } }, 400, /neither/],
    ['a temperature that is none', { ...inline, decoding: { temperatures: [7] } }, 400, /neither/],
    ['half a sample', { pcm: 'AAAA' }, 422, /16-bit/],
    ['more than 30 s', { pcm: Buffer.alloc(1_200_000, 1).toString('base64') }, 413, /30 s/],
    ['a language of another model', { ...inline, decoding: { language: 'de' } }, 400, /English-only/],
    ['another bucket', { ...jobs[0]!.invocation, bucket: 'elsewhere' }, 400, /elsewhere/],
    ['a job whose audio is gone', { ...jobs[0]!.invocation, jobId: 'gone' }, 500, /gone/],
    ['other audio than was planned', { ...jobs[1]!.invocation, jobId: 'one' }, 422, /sha256/],
    ['a body beyond the limit', { pcm: 'A'.repeat(2_000_000) }, 413, /larger than/],
  ])('answers a request with %s by code and reason, and goes on', async (_, body, status, reason) => {
    const answer = await server.invoke(body);
    expect([answer.status, answer.body]).toEqual([
      status,
      { code: expect.any(String), reason: expect.stringMatching(reason) },
    ]);
    expect((await server.get('/ping')).status).toBe(200);
  });

  it('answers 404 elsewhere', async () => {
    expect((await server.get('/')).status).toBe(404);
  });

  it('says in Prometheus’s text what it did', async () => {
    const metrics = await server.get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toMatch(/^murmuration_requests_total\{code="ok"\} [4-9]$/m);
    expect(text).toMatch(/^murmuration_requests_total\{code="invalid-argument"\} [1-9]/m);
    expect(text).toMatch(/^murmuration_segments_total\{device="cpu"\} [1-9]/m);
    expect(text).toMatch(/^murmuration_batch_limit_segments\{device="cpu"\} 4$/m);
    expect(text).toMatch(/^murmuration_segments_waiting 0$/m);
  });

  it('logs lines of JSON without what was said', () => {
    expect(server.lines.length).toBeGreaterThan(5);
    for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
    expect(server.lines.join()).not.toMatch(/americans/i);
  });
});

describe('limits', () => {
  const slow = { FAULT_AFTER: '1', FAULT_KIND: 'slow' };
  const flags = ['--import', new URL('./break-device.mjs', import.meta.url).href];

  it('turn down a request too many, and end one that takes too long', async () => {
    const limited = startServer({ ...slow, REQUEST_SECONDS: '3', MOST_REQUESTS: '1' }, flags);
    await limited.ready();
    const late = limited.invoke(inline);
    await begun(limited, 1);
    const refused = await limited.invoke(inline);
    expect([refused.status, refused.body]).toMatchObject([503, { code: 'overloaded' }]);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect([(await late).status, (await late).body]).toMatchObject([
      504,
      { code: 'aborted', reason: expect.stringMatching(/not done in 3 s/) },
    ]);
    expect((await limited.get('/ping')).status).toBe(200);
    limited.kill('SIGKILL');
  });
});

describe('the end', () => {
  it('answers what is under way after SIGTERM, then exits with 0', async () => {
    const stopping = startServer();
    await stopping.ready();
    const answers = [stopping.invoke(inline), stopping.invoke(inline)];
    await begun(stopping, 2);
    stopping.kill('SIGTERM');
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    expect(await stopping.ended).toBe(0);
  });

  it('comes at once with 1 where the model cannot be run', async () => {
    const broken = startServer({ MODEL_FOLDER: tmpdir() });
    expect(await broken.ended).toBe(1);
    expect(broken.lines.join()).toMatch(/the model cannot be run/);
  });
});

it('copies its model from the bucket where it is told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'model-'));
  const files = [
    'manifest.json',
    ...Object.keys(JSON.parse(await readFile(join(tinyModel, 'manifest.json'), 'utf8')).files),
  ];
  for (const name of files) objects.set(`models/tiny/${name}`, await readFile(join(tinyModel, name)));
  const fetching = startServer({
    AWS_ENDPOINT_URL: bucket.url,
    MODEL_PREFIX: 'models/tiny',
    MODEL_FOLDER: join(folder, 'model'),
  });
  expect(await fetching.ready()).toMatchObject({ model: 'whisper-tiny.en-int8' });
  fetching.kill('SIGTERM');
  expect(await fetching.ended).toBe(0);
  await rm(folder, { recursive: true });
});
