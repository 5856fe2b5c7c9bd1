import { createHash } from 'node:crypto';
import { toSixteenBit } from '../audio/sixteen-bit.ts';
import { type DecodingInput, DecodingOptions } from '../contract/decoding.ts';
import { MurmurationError } from '../errors.ts';
import type { Pcm } from '../ports.ts';

/** Raise it when the same key would come to mean another result: a new way of decoding, a new field. */
const KEY_VERSION = 4;

/** All that a segment's transcript depends on. */
export interface CacheKeyInput {
  readonly pcm: Pcm;
  /** Of the audio in 16 bits, where somebody has it already: hashing 30 s takes 3 ms. @default computed */
  readonly pcmSha256?: string | undefined;
  readonly modelId: string;
  /** sha256 of the graph, so that a model built anew under the same name is another model. */
  readonly modelSha256?: string | undefined;
  readonly options?: DecodingInput | undefined;
}

/**
 * sha256 in hex of the audio, the model and the options that change the result, with defaults filled in. The audio
 * counts in 16 bits, so that a recording keeps its keys in any lossless container. Throws `invalid-argument` where
 * the options are wrong.
 */
export function cacheKey({ pcm, pcmSha256, modelId, modelSha256, options }: CacheKeyInput): string {
  const parsed = DecodingOptions.safeParse(options ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new MurmurationError('invalid-argument', `decoding options are wrong: ${problems.join('; ')}`, {
      cause: parsed.error,
    });
  }
  // Sorted, so that neither the caller's order nor that of the schema matters
  const decoding = Object.entries(parsed.data).sort(([a], [b]) => (a < b ? -1 : 1));
  // The head ends where its JSON ends and says how long the audio is: no two inputs give the same bytes
  const head = JSON.stringify([KEY_VERSION, modelId, modelSha256 ?? null, decoding, pcm.length]);
  const sound = pcmSha256 ?? createHash('sha256').update(toSixteenBit(pcm)).digest('hex');
  return createHash('sha256').update(`${head}\n${sound}`).digest('hex');
}
