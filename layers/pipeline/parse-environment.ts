import type { z } from 'zod';
import { MurmurationError } from './errors.ts';

/** A door's environment variables, checked; what is empty counts as not set. Throws `invalid-argument` naming all that is wrong. */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<Schema> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  // The names alone: a value may be a secret
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new MurmurationError(
    'invalid-argument',
    `environment variables are wrong: ${problems.join('; ')}. set them where this function is deployed`,
  );
}
