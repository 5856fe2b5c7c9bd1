import { formValues } from '@murmuration/api/bodies/form-values';
import { describeError } from '@murmuration/api/contract/api-error-body';
import { modelNamed } from '@murmuration/api/model-named';
import { readTranscriptionRequest } from '@murmuration/api/transcription-request';
import { MurmurationError } from '@murmuration/pipeline/errors';
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
