import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import OpenAI, { BadRequestError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

const speech = fixture('jfk.flac');
const said = /ask not what your country can do for you/i;

let server: StartedServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.stop());
const file = () => createReadStream(speech);

/** OpenAI's own client, as it comes. */
describe("OpenAI's client for Node", () => {
  it.each(['whisper-1', 'whisper-tiny.en-int8'])('transcribes with model %s', async (model) => {
    const { text, usage } = await client.audio.transcriptions.create({ file: file(), model });
    expect(text).toMatch(said);
    expect(usage).toMatchObject({ type: 'duration', seconds: 11 });
  });

  it('takes a recording from memory', async () => {
    const upload = await OpenAI.toFile(await readFile(speech), 'jfk.flac');
    expect((await client.audio.transcriptions.create({ file: upload, model: 'whisper-1' })).text).toMatch(
      said,
    );
  });

  it.each(['text', 'srt', 'vtt'] as const)('gets %s as a string', async (response_format) => {
    const text: string = await client.audio.transcriptions.create({
      file: file(),
      model: 'whisper-1',
      response_format,
    });
    // Lines and cues may come between words
    expect(text).toMatch(/ask not what your country/);
    expect(text).toMatch(/can do for you/);
    if (response_format === 'srt') expect(text).toMatch(/^1\n00:00:00,\d{3} --> 00:00:\d\d,\d{3}\n/);
    if (response_format === 'vtt') expect(text).toMatch(/^WEBVTT\n\n/);
  });

  it.each([
    [undefined, true, false],
    [['segment'], true, false],
    [['word'], false, true],
    [['word', 'segment'], true, true],
  ] as const)('gets verbose_json with %j', async (granularities, hasSegments, hasWords) => {
    const answer = await client.audio.transcriptions.create({
      file: file(),
      model: 'whisper-1',
      response_format: 'verbose_json',
      ...(granularities && { timestamp_granularities: [...granularities] }),
    });
    expect(answer).toMatchObject({ language: 'english', duration: 11, text: expect.stringMatching(said) });
    expect(answer.segments !== undefined).toBe(hasSegments);
    expect(answer.words !== undefined).toBe(hasWords);
    for (const { start, end } of [...(answer.segments ?? []), ...(answer.words ?? [])]) {
      expect(start).toBeLessThanOrEqual(end);
      expect(end).toBeLessThanOrEqual(11.5);
    }
  });

  it.each([[undefined], [['logprobs']]] as const)('streams, including %j', async (include) => {
    const stream = await client.audio.transcriptions.create({
      file: file(),
      model: 'gpt-4o-mini-transcribe',
      stream: true,
      ...(include && { include: [...include] }),
    });
    let deltas = '';
    const done: string[] = [];
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') {
        deltas += event.delta;
        expect(event.logprobs !== undefined).toBe(include !== undefined);
      }
      if (event.type === 'transcript.text.done') {
        done.push(event.text);
        expect(event.usage).toBeDefined();
      }
    }
    expect(done).toEqual([expect.stringMatching(said)]);
    expect(deltas.trim()).toBe(done[0]!.trim());
  });

  const formats = ['json', 'text', 'srt', 'verbose_json', 'vtt'] as const;
  const granularities = [undefined, ['segment'], ['word'], ['word', 'segment']] as const;
  const streamed = formats.flatMap((format) =>
    granularities
      .filter((each) => each === undefined || format === 'verbose_json')
      .map((each) => [format, each] as const),
  );
  it.each(streamed)(
    'streams the text whatever the format: %s with %j',
    async (response_format, granularity) => {
      const stream = await client.audio.transcriptions.create({
        file: file(),
        model: 'whisper-1',
        stream: true,
        response_format,
        ...(granularity && { timestamp_granularities: [...granularity] }),
      });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      expect([types[0], types.at(-1)]).toEqual(['transcript.text.delta', 'transcript.text.done']);
    },
  );

  it('sends all other parameters', async () => {
    const { text } = await client.audio.transcriptions.create({
      file: file(),
      model: 'whisper-1',
      language: 'en',
      prompt: 'Kennedy',
      temperature: 0,
      chunking_strategy: {
        type: 'server_vad',
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 200,
      },
    });
    expect(text).toMatch(said);
  });

  it('lists models, and asks for one', async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toContain('whisper-tiny.en-int8');
    expect((await client.models.retrieve(ids[0]!)).id).toBe(ids[0]);
  });

  it('throws what it has errors for, with the request id', async () => {
    const failure = await client.audio.transcriptions
      .create({ file: await OpenAI.toFile(Buffer.from('no media'), 'a.wav'), model: 'whisper-1' })
      .catch((error: unknown) => error);
    if (!(failure instanceof BadRequestError)) throw new Error(`${failure}`);
    expect(failure.requestID).toMatch(/^req_/);
    expect(failure).toMatchObject({ status: 400, type: 'invalid_request_error', code: 'media-unreadable' });
    const diarized = client.audio.transcriptions.create({
      file: file(),
      model: 'whisper-1',
      response_format: 'diarized_json',
    });
    await expect(diarized).rejects.toMatchObject({
      status: 400,
      param: 'response_format',
      message: expect.stringContaining('no Whisper tells speakers apart'),
    });
    const unknown = client.audio.transcriptions.create({ file: file(), model: 'whisper-huge' });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });
});
