import { createReadStream } from 'node:fs';
import { DeepgramClient } from '@deepgram/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
let media: DeepgramClient['listen']['v1']['media'];
beforeAll(async () => {
  server = await startServer();
  media = new DeepgramClient({ apiKey: 'none', baseUrl: server.url, maxRetries: 0 }).listen.v1.media;
});
afterAll(() => server.stop());
const file = () => createReadStream(fixture('jfk.flac'));

describe("Deepgram's client", () => {
  it.each(['nova-3', 'whisper-tiny.en-int8'])(
    'transcribes a recording with model %s, with words',
    async (model) => {
      const answer = await media.transcribeFile(file(), { model, language: 'en', smart_format: true });
      if (!('results' in answer)) throw new Error('it answered a request id alone');
      const [best] = answer.results.channels[0]!.alternatives!;
      expect(best!.transcript).toMatch(/ask not what your country can do for you/i);
      expect(best!.words!.length).toBeGreaterThan(15);
      expect(answer.metadata).toMatchObject({ channels: 1, duration: 11 });
    },
  );

  it('gets utterances where it asks for them', async () => {
    const answer = await media.transcribeFile(file(), { model: 'nova-3', utterances: true });
    expect('results' in answer && answer.results.utterances!.length).toBeGreaterThan(0);
  });

  it('gets terms replaced, tags back, and a warning for what is not done', async () => {
    const answer = await media.transcribeFile(file(), {
      model: 'nova-3',
      language: 'en-US',
      replace: ['fellow americans:citizens', 'ask:'],
      keyterm: ['Kennedy'],
      tag: ['speech'],
      search: ['country'],
      punctuate: true,
      profanity_filter: false,
    });
    if (!('results' in answer)) throw new Error('it answered a request id alone');
    const [best] = answer.results.channels[0]!.alternatives!;
    expect(best!.transcript).toMatch(/^And so my citizens/);
    expect(best!.words!.map(({ word }) => word)).not.toContain('ask');
    expect(answer.metadata).toMatchObject({
      tags: ['speech'],
      warnings: [{ parameter: 'search', type: 'unsupported_parameter' }],
    });
  });

  it('may write many terms into an address', async () => {
    const keyterm = Array.from({ length: 100 }, (_, index) => `${index} ${'long '.repeat(30)}term`);
    const answer = await media.transcribeFile(file(), { model: 'nova-3', keyterm });
    expect('results' in answer && answer.metadata.duration).toBe(11);
  });

  it('throws what is wrong', async () => {
    const failure = await media
      .transcribeFile(file(), { model: 'nova-3', diarize: true })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ statusCode: 400 });
  });
});
