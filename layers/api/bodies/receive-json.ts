import { MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';
import type { Place } from '../places.ts';
import { bodyChunks } from './body-chunks.ts';
import { parseInput } from './parse-input.ts';

/** Requests in JSON hold words and addresses, no audio. */
const MOST_BYTES = 256 << 10;

/** A body of JSON, with its text for fingerprints. Throws `invalid-argument`, and what `bodyChunks` throws. */
export async function receiveJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  place?: Place | undefined,
): Promise<{ readonly value: z.output<Schema>; readonly text: string }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyChunks(request, MOST_BYTES, place)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MurmurationError('invalid-argument', 'the body is no JSON: send an object', { cause });
  }
  return { value: parseInput(schema, json), text };
}
