import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';

/** What a client sent, checked. Throws `invalid-argument` that names the first parameter that is wrong. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = z.core.toDotPath(issue?.path ?? []);
  const isMissing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const reason = isMissing ? 'it is missing, send it' : (issue?.message ?? 'it is wrong').slice(0, 300);
  throw new MurmurationError(
    'invalid-argument',
    param === '' ? `the request cannot be used: ${reason}` : `${param} cannot be used: ${reason}`,
    { details: { param: param === '' ? undefined : param.slice(0, 100) } },
  );
}
