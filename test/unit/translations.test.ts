import type { ApiPorts, Transcriber } from '@murmuration/api/api-ports';
import { createApi } from '@murmuration/api/create-api';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { describe, expect, it } from 'vitest';
import { segmentOf, transcriptOf } from './factories/transcript.ts';
import { parseSrt } from './parsers/parse-srt.ts';

const segment = segmentOf({ text: 'Good day.', startSeconds: 0, endSeconds: 2 });
const spoken = transcriptOf({
  task: 'translate',
  text: 'Good day.',
  language: 'de',
  durationSeconds: 2,
  segments: [segment],
});

/** An API whose model knows many languages. */
function multilingual(answer: () => Promise<typeof spoken> = async () => spoken) {
  const asked: Parameters<Transcriber['transcribe']>[0][] = [];
  const unplanned = () => Promise.reject(new Error('nobody asks'));
  const ports = {
    transcriber: {
      models: ['whisper-small'],
      probe: unplanned,
      async transcribe(request: (typeof asked)[number]) {
        asked.push(request);
        const media = { container: 'wav', codec: 'pcm', sampleRateHertz: 16_000, narrowBand: false };
        return {
          transcript: await answer(),
          media: { ...media, channels: 1, durationSeconds: 2 },
          ...{ warnings: [], findings: [], cached: 0 },
        };
      },
    },
    ledger: {
      admit: async () => undefined,
      spend: async () => true,
      settle: unplanned,
      spent: unplanned,
    },
    clock: Date.now,
    newId: () => crypto.randomUUID(),
    onError: (error: unknown) => expect.fail(`${error}`),
  } as unknown as ApiPorts;
  const app = createApi(ports, {
    ...{ version: '1', mostBodyBytes: 1000, mostUploadBytes: 1000, mostAtOnce: 1 },
    ...{ dollarsPerAudioHour: 1, timesRealTime: 1 },
  });
  async function translate(fields: Readonly<Record<string, string>> = {}, bytes = 'sound') {
    const body = new FormData();
    body.append('file', new Blob([bytes]), 'guten-tag.wav');
    for (const [name, value] of Object.entries({ model: 'whisper-1', ...fields })) body.append(name, value);
    const headers = { host: 'localhost' };
    return app.request('http://localhost/v1/audio/translations', { method: 'POST', body, headers });
  }
  return { asked, translate };
}

const readAs: Readonly<Record<string, (text: string) => unknown>> = {
  json: (text) => JSON.parse(text).text,
  verbose_json: (text) =>
    JSON.parse(text)
      .segments.map((each: { text: string }) => each.text)
      .join(),
  text: (text) => text.trim(),
  srt: (text) => parseSrt(text)[0]?.lines.join(),
  vtt: (text) => text.split('\n').find((line) => /^Good/.test(line)),
};

describe('POST /v1/audio/translations', () => {
  it.each(Object.keys(readAs))('writes English as %s', async (format) => {
    const { asked, translate } = multilingual();
    const response = await translate({ response_format: format, prompt: 'Hello', temperature: '0.2' });
    const text = await response.text();
    expect(response.status, text).toBe(200);
    expect(readAs[format]!(text)).toBe('Good day.');
    const type = format.endsWith('json') ? 'application/json' : 'text/plain; charset=UTF-8';
    expect(response.headers.get('content-type')).toBe(type);
    expect(asked).toMatchObject([
      {
        model: 'whisper-small',
        name: 'guten-tag.wav',
        decoding: { task: 'translate', language: 'auto', prompt: 'Hello', temperatures: [0.2] },
        wordsWherePossible: format === 'srt' || format === 'vtt',
      },
    ]);
  });

  it('says in verbose_json that it translated', async () => {
    const response = await multilingual().translate({ response_format: 'verbose_json' });
    expect(await response.json()).toMatchObject({ task: 'translate', duration: 2 });
  });

  it('says what is wrong with a recording as OpenAI does: 400, and a code that says more', async () => {
    for (const code of ['media-unreadable', 'media-empty', 'media-truncated', 'audio-invalid'] as const) {
      const failing = multilingual(() => Promise.reject(new MurmurationError(code, 'it is no sound')));
      const response = await failing.translate();
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: { message: 'it is no sound', type: 'invalid_request_error', param: null, code },
      });
    }
  });
});
