import { readFile } from 'node:fs/promises';
import { TranscriptionEvent } from '@murmuration/api/contract/transcription-answer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { recordingForm } from './recording-form.ts';
import { type StartedServer, startServer } from './start-server.ts';

const JFK =
  'And so my fellow Americans ask not what your country can do for you, ask what you can do for your country.';

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function transcribe(
  fields: readonly (readonly [string, string])[] = [],
  recording = 'jfk.flac',
): Promise<Response> {
  const body = await recordingForm(recording, fields);
  return fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body });
}

async function eventsOf(response: Response): Promise<TranscriptionEvent[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => TranscriptionEvent.parse(JSON.parse(event.replace(/^data: /, ''))));
}

describe('POST /v1/audio/transcriptions', () => {
  it('answers json with what it bills, and a request id', async () => {
    const response = await transcribe();
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(response.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(await response.json()).toEqual({ text: JFK, usage: { type: 'duration', seconds: 11 } });
  });

  it('answers plain text as a string', async () => {
    const response = await transcribe([['response_format', 'text']]);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect((await response.text()).trim()).toBe(JFK);
  });

  it.each([
    ['srt', /^1\n00:00:00,\d{3} --> 00:00:0/],
    ['vtt', /^WEBVTT\n\n00:00:00\.\d{3} --> /],
  ])('answers %s', async (format, beginning) => {
    expect(await (await transcribe([['response_format', format]])).text()).toMatch(beginning);
  });

  it.each([
    [[], ['segments']],
    [['segment'], ['segments']],
    [['word'], ['words']],
    [
      ['word', 'segment'],
      ['segments', 'words'],
    ],
  ])('answers verbose_json by the granularities %j', async (granularities, lists) => {
    const fields = granularities.map((each) => ['timestamp_granularities[]', each] as const);
    const response = await transcribe([['response_format', 'verbose_json'], ...fields]);
    const verbose = (await response.json()) as Record<string, unknown[]>;
    expect(verbose).toMatchObject({ task: 'transcribe', language: 'english', duration: 11, text: JFK });
    expect(
      Object.keys(verbose)
        .filter((key) => ['segments', 'words'].includes(key))
        .sort(),
    ).toEqual(lists);
    if (lists.includes('words')) expect(verbose['words']).toHaveLength(22);
  });

  it('gives the probability of each word', async () => {
    const { logprobs } = (await (await transcribe([['include[]', 'logprobs']])).json()) as {
      logprobs: { token: string; logprob: number; bytes: number[] }[];
    };
    expect(
      logprobs
        .map(({ token }) => token)
        .join('')
        .trim(),
    ).toBe(JFK);
    for (const { token, logprob, bytes } of logprobs) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(Buffer.from(bytes).toString()).toBe(token);
    }
  });

  it('streams deltas that make the text, and ends with the whole of it', async () => {
    const response = await transcribe([['stream', 'true']], 'brooklyn-bridge.flac');
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = await eventsOf(response);
    const deltas = events.flatMap((event) => (event.type === 'transcript.text.delta' ? [event.delta] : []));
    const done = events.at(-1)!;
    expect(done).toMatchObject({ type: 'transcript.text.done', text: deltas.join('') });
    expect(events.filter(({ type }) => type === 'transcript.text.done')).toHaveLength(1);
  });

  it('answers what fails before the first text with a status, also where a stream was wanted', async () => {
    const form = new FormData();
    form.append('file', new Blob(['no sound at all']), 'notes.mp3');
    form.append('model', 'whisper-1');
    form.append('stream', 'true');
    const response = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error.code).toBe('media-unreadable');
    // By the name it was sent under, not by where it lies here
    expect(error.message).toContain('"notes.mp3"');
    expect(error.message).not.toContain('/tmp');
  });

  it.each([
    [[['response_format', 'diarized_json']], 'response_format'],
    [[['temperature', '2']], 'temperature'],
    [[['timestamp_granularities[]', 'word']], 'timestamp_granularities'],
    [
      [
        ['response_format', 'text'],
        ['include[]', 'logprobs'],
      ],
      'include',
    ],
    [[['chunking_strategy[type]', 'manual']], 'chunking_strategy'],
    [[['chunking_strategy', '{"type":"server_vad","threshold":2}']], 'chunking_strategy'],
    [[['stream', 'maybe']], 'stream'],
    [[['known_speaker_names[]', 'ann']], 'known_speaker_names'],
    [[['known_speaker_references[]', 'data:audio/wav;base64,']], 'known_speaker_references'],
    [[['language', 'klingon']], 'language'],
  ] as const)('refuses %j and names the parameter', async (fields, param) => {
    const response = await transcribe(fields);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: expect.stringMatching(`^${param}`) },
    });
  });

  it('takes the chunking strategies of the SDKs', async () => {
    const strategies = [
      [['chunking_strategy', 'auto']],
      [
        ['chunking_strategy[type]', 'server_vad'],
        ['chunking_strategy[silence_duration_ms]', '300'],
        ['chunking_strategy[threshold]', '0.5'],
      ],
      [['chunking_strategy', '{"type": "server_vad", "prefix_padding_ms": 300, "threshold": 0.5}']],
    ] as const;
    for (const fields of strategies) expect((await transcribe(fields)).status).toBe(200);
  });

  it('does not know models of others', async () => {
    const form = await recordingForm('jfk.flac');
    form.set('model', 'whisper-9');
    const response = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  });
});

describe('POST /v1/audio/translations', () => {
  it('says that an English-only model cannot', async () => {
    const body = await recordingForm('jfk.flac');
    const response = await fetch(`${server.url}/v1/audio/translations`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('English-only') },
    });
  });
});

describe('POST /v1/listen', () => {
  it('answers as Deepgram does', async () => {
    const response = await fetch(`${server.url}/v1/listen?model=nova-3&smart_format=true&utterances=true`, {
      method: 'POST',
      headers: { 'content-type': 'audio/flac' },
      body: await readFile(fixture('jfk.flac')),
    });
    const { metadata, results } = (await response.json()) as {
      metadata: object;
      results: {
        channels: { alternatives: { transcript: string; words: object[] }[] }[];
        utterances: object[];
      };
    };
    expect(metadata).toMatchObject({
      duration: 11,
      channels: 1,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(results.channels[0]?.alternatives[0]?.transcript).toBe(JFK);
    expect(results.channels[0]?.alternatives[0]?.words[0]).toMatchObject({
      word: 'and',
      punctuated_word: 'And',
    });
    expect(results.utterances).toMatchObject([{ transcript: JFK, channel: 0 }]);
  });

  it('hears each channel for itself', async () => {
    const response = await fetch(`${server.url}/v1/listen?multichannel=true`, {
      method: 'POST',
      body: await readFile(fixture('stereo_diarization.wav')),
    });
    const { results } = (await response.json()) as { results: { channels: object[] } };
    expect(results.channels).toHaveLength(2);
  });

  it('fetches nothing from this machine or its network', async () => {
    for (const url of [
      'https://127.0.0.1/a.mp3',
      'https://localhost/a.mp3',
      'https://169.254.169.254/latest',
    ]) {
      const response = await fetch(`${server.url}/v1/listen`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url }),
      });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        err_msg: expect.stringContaining('no address that may be asked'),
      });
    }
  });
});
