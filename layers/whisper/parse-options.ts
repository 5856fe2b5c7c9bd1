import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';

/** Decoding options with their defaults. Throws `invalid-argument` with the option that is wrong. */
export function parseOptions(input: unknown): DecodingOptions {
  const parsed = DecodingOptions.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const problems = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw new MurmurationError('invalid-argument', `decoding options are wrong: ${problems}`, {
    cause: parsed.error,
  });
}
