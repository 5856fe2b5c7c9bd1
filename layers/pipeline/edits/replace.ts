import { RE2JS, RE2JSException } from 're2js';
import { z } from 'zod';
import { MurmurationError } from '../errors.ts';
import type { TextEdit } from './text-edit.ts';

/** One rule of a rules file: a JSON array of these, applied in order. */
export const ReplaceRule = z.union([
  z.strictObject({
    /** Found as it is written; a space stands for any white space. */
    find: z.string().regex(/\S/, 'write at least one letter'),
    with: z.string(),
    /** @default true */
    wholeWords: z.boolean().default(true),
    /** @default true */
    ignoreCase: z.boolean().default(true),
  }),
  z.strictObject({
    /** RE2 syntax: as in JavaScript, without look-around and back-references. It takes linear time, whatever it is. */
    regex: z.string().min(1),
    /** `i` ignores case, `s` lets `.` be a line feed, `m` lets `^` and `$` be those of lines. */
    flags: z
      .string()
      .regex(/^(?!.*(.).*\1)[ism]*$/, 'use i, s or m, each once')
      .default(''),
    /** `$1` is the first group, `$&` the whole match, `$$` a dollar sign. */
    with: z.string(),
    /** @default false */
    wholeWords: z.boolean().default(false),
    /** @default false */
    ignoreCase: z.boolean().default(false),
  }),
]);
export type ReplaceRule = z.infer<typeof ReplaceRule>;

/** The edits of a rules file's text. Throws `invalid-argument`, which names the rule, counted from 1. */
export function parseReplaceRules(text: string): TextEdit[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw refusal(`they are not JSON (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  if (!Array.isArray(json)) throw refusal('they are no array');
  return json.map((rule: unknown, index) => {
    const parsed = ReplaceRule.safeParse(rule);
    if (!parsed.success) throw refusal(`rule ${index + 1}: ${problemOf(rule, parsed.error)}`, parsed.error);
    return replace(parsed.data, `rule ${index + 1}`);
  });
}

/** The edit of one rule; `name` stands in error messages. Throws `invalid-argument`. */
export function replace(rule: ReplaceRule, name = 'the rule'): TextEdit {
  const matches = 'regex' in rule ? regexMatches(rule, name) : literalMatches(rule);
  return (text) => {
    const changes = [];
    for (const match of matches(text)) {
      const start = match.index!;
      const end = start + match[0].length;
      // `\b` and `^` can still match nothing inside a text
      if (end === start || (rule.wholeWords && !standsAlone(text, start, end))) continue;
      const replacement = 'regex' in rule ? expand(rule.with, match) : rule.with;
      if (replacement !== match[0]) changes.push({ start, end, replacement });
    }
    return changes;
  };
}

type Matches = (text: string) => Iterable<RegExpMatchArray>;
type LiteralRule = Extract<ReplaceRule, { find: string }>;
type RegexRule = Extract<ReplaceRule, { regex: string }>;

/** By the engine of the language: ten times as fast, and a literal cannot run away. */
function literalMatches({ find, ignoreCase }: LiteralRule): Matches {
  const words = find.trim().split(/\s+/u);
  const source = words.map((word) => word.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&')).join('\\s+');
  const pattern = new RegExp(source, ignoreCase ? 'giu' : 'gu');
  return (text) => text.matchAll(pattern);
}

/** By RE2, which takes time for the text alone: a regular expression from a file may be anyone's. */
function regexMatches({ regex, flags: letters, ignoreCase }: RegexRule, name: string): Matches {
  const flags =
    (ignoreCase || letters.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (letters.includes('s') ? RE2JS.DOTALL : 0) |
    (letters.includes('m') ? RE2JS.MULTILINE : 0);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(RE2JS.translateRegExp(regex), flags);
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    const why = cause.message.replace(/^error parsing regexp: /, '');
    throw refusal(`${name}: ${why}: look-around and back-references are not understood`, cause);
  }
  if (pattern.matcher('').find()) throw refusal(`${name}: "${regex}" also matches nothing at all`);
  return (text) => pattern.matchAll(text);
}

/** Whether no letter or digit touches either end. */
function standsAlone(text: string, start: number, end: number): boolean {
  return !(
    /[\p{L}\p{N}\p{M}_]$/u.test(before(text, start)) || /^[\p{L}\p{N}\p{M}_]/u.test(text.slice(end, end + 2))
  );
}

// Two UTF-16 units hold any character
const before = (text: string, place: number) => text.slice(Math.max(0, place - 2), place);

function expand(template: string, match: RegExpMatchArray): string {
  return template.replace(/\$(\$|&|\d)/g, (_, name: string) => {
    if (name === '$') return '$';
    return (name === '&' ? match[0] : match[Number(name)]) ?? '';
  });
}

/** zod's answer to a union names neither side; the field that is there says which one was meant. */
function problemOf(rule: unknown, error: z.ZodError): string {
  if (typeof rule !== 'object' || rule === null || !('find' in rule || 'regex' in rule)) {
    return 'it needs "find" or "regex", and "with"';
  }
  if ('find' in rule && 'regex' in rule) return 'it has both "find" and "regex": keep one';
  const side = ReplaceRule.options['find' in rule ? 0 : 1].safeParse(rule);
  return z
    .prettifyError(side.error ?? error)
    .replaceAll('\n', ' ')
    .replaceAll('✖ ', '');
}

function refusal(problem: string, cause?: unknown): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `the rules to replace by cannot be used: ${problem}; write [{"find": "jeff kennedy", "with": "J.F. Kennedy"}, …]`,
    { cause },
  );
}
