import { formValues } from '@murmuration/api/bodies/form-values';
import { describeError } from '@murmuration/api/contract/api-error-body';
import { readListenRequest } from '@murmuration/api/listen-request';
import { modelNamed } from '@murmuration/api/model-named';
import { readTranscriptionRequest } from '@murmuration/api/transcription-request';
import { MurmurationError } from '@murmuration/pipeline/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('fields of a form', () => {
  it('are lists, objects and words, as the SDKs write them', () => {
    const fields = [
      ['model', 'a'],
      ['include[]', 'logprobs'],
      ['timestamp_granularities', 'word'],
      ['timestamp_granularities[1]', 'segment'],
      ['chunking_strategy[type]', 'server_vad'],
      ['chunking_strategy[threshold]', '0.5'],
    ] as const;
    expect(formValues(fields, ['include', 'timestamp_granularities'])).toEqual({
      model: 'a',
      include: ['logprobs'],
      timestamp_granularities: ['word', 'segment'],
      chunking_strategy: { type: 'server_vad', threshold: '0.5' },
    });
  });

  it('reach no prototype', () => {
    const values = formValues([['__proto__[polluted]', 'yes']], []);
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe("a request of OpenAI's", () => {
  it("becomes the pipeline's words", () => {
    const fields = [
      ['model', 'whisper-1'],
      ['language', 'German'],
      ['prompt', 'Kraftwerk'],
      ['temperature', '0.4'],
      ['response_format', 'verbose_json'],
      ['timestamp_granularities[]', 'word'],
    ] as const;
    expect(readTranscriptionRequest(fields, 'transcribe')).toEqual({
      model: 'whisper-1',
      format: 'verbose_json',
      granularities: ['word'],
      logprobs: false,
      stream: false,
      decoding: {
        task: 'transcribe',
        language: 'German',
        prompt: 'Kraftwerk',
        temperatures: [0.4],
        words: true,
      },
    });
  });

  it('climbs the whole ladder at temperature 0', () => {
    const { decoding } = readTranscriptionRequest(
      [
        ['model', 'a'],
        ['temperature', '0'],
      ],
      'transcribe',
    );
    expect(decoding).not.toHaveProperty('temperatures');
  });
});

describe('a number or a flag that came as text', () => {
  const read = (...fields: (readonly [string, string])[]) =>
    readTranscriptionRequest([['model', 'a'], ...fields], 'transcribe');

  it('is taken however a language writes it', () => {
    const number = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(number, fc.constantFrom(String, exponential, fixed, padded), (value, write) => {
        const { decoding } = read(['temperature', write(value)]);
        const [heard = 0] = decoding.temperatures ?? [];
        expect(heard).toBe(Number(write(value)));
        expect(() => readStrategy(write(value))).not.toThrow();
      }),
    );
    for (const written of ['0.30000000000000004', '0.30000001192092896', '1e-7', '1E0', '+.5', '1.', '-0']) {
      expect(() => read(['temperature', written])).not.toThrow();
    }
    for (const written of ['True', 'true', 'TRUE']) expect(read(['stream', written]).stream).toBe(true);
    for (const written of ['False', 'false', '']) expect(read(['stream', written]).stream).toBe(false);
    expect(readListenRequest({ utterances: ['True'], diarize: ['False'], redact: ['False'] })).toMatchObject({
      query: { utterances: 'true' },
      edits: undefined,
      warnings: [],
    });
  });
  const exponential = (value: number) => value.toExponential();
  const fixed = (value: number) => value.toFixed(17);
  const padded = (value: number) => ` ${value} `;
  const readStrategy = (threshold: string) =>
    read(['chunking_strategy[type]', 'server_vad'], ['chunking_strategy[threshold]', threshold]);

  it('is absent where it is blank, as all that nobody filled in', () => {
    const names = ['language', 'prompt', 'response_format', 'temperature', 'replace', 'stream', 'redact[]'];
    const others = ['chunking_strategy', 'include[]', 'timestamp_granularities[]', 'phone_country'];
    for (const blank of ['', ' ']) {
      expect(read(...[...names, ...others].map((name) => [name, blank] as const))).toEqual(read());
      expect(() => read(['model', blank])).toThrow(/model cannot be used: it is missing/);
    }
  });

  it('is refused where it is a word, or beyond what it may be', () => {
    const words = fc.string().filter((text) => Number.isNaN(Number(text)));
    fc.assert(
      fc.property(words, (word) => {
        expect(() => read(['temperature', word])).toThrow(/a number from 0 to 1/);
      }),
    );
    for (const written of [
      '0x1',
      '0b1',
      'Infinity',
      'NaN',
      '1e400',
      '1.0000001',
      '-0.1',
      '0,5',
      '1_0',
      'null',
    ]) {
      expect(() => read(['temperature', written])).toThrow(/a number from 0 to 1/);
    }
    for (const written of ['yes', '1', 'on', 'truefalse', 'None']) {
      expect(() => read(['stream', written])).toThrow(/stream cannot be used/);
    }
    for (const written of ['1.5', '-1', '1000000', 'soon']) {
      const strategy = ['chunking_strategy[silence_duration_ms]', written] as const;
      expect(() => read(['chunking_strategy[type]', 'server_vad'], strategy)).toThrow(
        /give (whole milliseconds|auto, or type)/,
      );
    }
  });
});

describe('a model', () => {
  it.each(['whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'nova-3', 'mine'])(
    '%s is served',
    (name) => {
      expect(modelNamed(name, ['mine', 'other'])).toBe('mine');
    },
  );
  it.each(['whisper-9', '', 'gpt-4o'])('%j is not', (name) => {
    expect(() => modelNamed(name, ['mine'])).toThrow(/is not served here: use mine/);
  });
});

describe('an error', () => {
  it('that nobody foresaw tells strangers the request id and nothing else', () => {
    const { status, body } = describeError(new Error('password is 1234'), 'req_1');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('1234');
    expect(body.error.message).toContain('req_1');
  });

  it('that passes says when to try again', () => {
    const error = new MurmurationError('store-unavailable', 'the disk is full at /secret');
    expect(describeError(error, 'req_1')).toMatchObject({
      status: 503,
      retryable: true,
      retryAfterSeconds: 1,
    });
    expect(JSON.stringify(describeError(error, 'req_1').body)).not.toContain('/secret');
  });
});
