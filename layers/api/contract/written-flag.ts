import { z } from 'zod';

/** `true` or `false` that came as text, with a capital where Python wrote it. @param schema says which */
export const writtenFlag = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value),
    schema,
  );
