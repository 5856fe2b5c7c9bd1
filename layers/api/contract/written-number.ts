import { z } from 'zod';

/** As any language writes one, so `0.30000000000000004`, `1e-7` and `.5`; not `0x1` or `Infinity`, which are words to people. */
const WRITTEN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?$/i;

/** A number that came as text. @param schema says which */
export const writtenNumber = (schema: z.ZodNumber) =>
  z.preprocess(
    (value) => (typeof value === 'string' && WRITTEN.test(value.trim()) ? Number(value) : value),
    schema,
  );
