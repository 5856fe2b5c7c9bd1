import { z } from 'zod';

const replacement = z.string().max(2000);

/** One rule to find and replace by: a literal, or a regular expression. */
export const ReplaceRule = z.union([
  z.strictObject({
    /** Found as it is written; a space stands for any white space. */
    find: z.string().max(500).regex(/\S/, 'write at least one letter'),
    with: replacement,
    /** @default true */
    wholeWords: z.boolean().default(true),
    /** @default true */
    ignoreCase: z.boolean().default(true),
  }),
  z.strictObject({
    /** RE2 syntax: as in JavaScript, without look-around and back-references. It takes linear time, whatever it is. */
    regex: z.string().min(1).max(2000),
    /** `i` ignores case, `s` lets `.` be a line feed, `m` lets `^` and `$` be those of lines. */
    flags: z
      .string()
      .regex(/^(?!.*(.).*\1)[ism]*$/, 'use i, s or m, each once')
      .default(''),
    /** `$1` is the first group, `$&` the whole match, `$$` a dollar sign. */
    with: replacement,
    /** @default false */
    wholeWords: z.boolean().default(false),
    /** @default false */
    ignoreCase: z.boolean().default(false),
  }),
]);
export type ReplaceRule = z.infer<typeof ReplaceRule>;
