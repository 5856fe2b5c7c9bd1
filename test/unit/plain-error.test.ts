import { MurmurationError } from '@murmuration/pipeline/errors';
import { describe, expect, it } from 'vitest';
import { fromPlain, toPlain } from '../../functions/transcribe-gpu/plain-error.ts';

/** As it comes through a port. */
const passed = (error: unknown) => fromPlain(structuredClone(toPlain(error)));

describe('an error on its way between threads', () => {
  it('is the same afterwards where it is ours', () => {
    const details = { key: 'a', skipped: undefined };
    const error = new MurmurationError('store-unavailable', 'no', { details, cause: new Error('why') });
    expect(passed(error)).toMatchObject({
      ...{ name: 'MurmurationError', code: 'store-unavailable', message: 'no', retryable: true },
      ...{ details: { key: 'a' }, cause: 'why' },
    });
  });

  it('is none of ours where it was none: nobody wrote its words for those who would be told them', () => {
    for (const error of [new TypeError('pcm is undefined'), 'pcm is undefined']) {
      expect(passed(error)).not.toBeInstanceOf(MurmurationError);
      expect(passed(error).message).toBe('pcm is undefined');
    }
  });
});
