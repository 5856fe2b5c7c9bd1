import { z } from 'zod';
import { ReplaceRule } from '../contract/replace-rule.ts';
import { MurmurationError } from '../errors.ts';
import { compileRegex } from './compile-regex.ts';
import type { TextEdit } from './text-edit.ts';

/** A transcript of 100 hours has some six million; rules that make more of it are no rules for one. */
export const MOST_CHARACTERS = 8_000_000;

/** The rules in a text: a JSON array, applied in order. Throws `invalid-argument`, which names the rule, counted from 1. */
export function readReplaceRules(text: string): ReplaceRule[] {
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
    return parsed.data;
  });
}

/** The edits of a rules file's text. Throws as `readReplaceRules`, also for a regular expression that is none. */
export const parseReplaceRules = (text: string): TextEdit[] => replaceAll(readReplaceRules(text));

/** The edits of rules, each named by its number. Throws `invalid-argument`. */
export const replaceAll = (rules: readonly ReplaceRule[]): TextEdit[] =>
  rules.map((rule, index) => replace(rule, `rule ${index + 1}`));

/** The edit of one rule; `name` stands in error messages. Throws `invalid-argument`. */
export function replace(rule: ReplaceRule, name = 'the rule'): TextEdit {
  const matches = 'regex' in rule ? regexMatches(rule, name) : literalMatches(rule);
  return (text) => {
    const changes = [];
    let characters = text.length;
    for (const match of matches(text)) {
      const start = match.index!;
      const end = start + match[0].length;
      // `\b` and `^` can still match nothing inside a text
      if (end === start || (rule.wholeWords && !standsAlone(text, start, end))) continue;
      // Before it is made: `$&` may be the whole text, a thousand times
      if (mostCharacters(rule, match) > MOST_CHARACTERS) throw tooLong(name);
      const replacement = 'regex' in rule ? expand(rule.with, match) : rule.with;
      characters += replacement.length - match[0].length;
      if (characters > Math.max(MOST_CHARACTERS, text.length)) throw tooLong(name);
      if (replacement !== match[0]) changes.push({ start, end, replacement });
    }
    return changes;
  };
}

/** A reference has two characters at least. */
const mostCharacters = (rule: ReplaceRule, match: RegExpMatchArray) =>
  'regex' in rule ? rule.with.length + (rule.with.split('$').length - 1) * match[0].length : rule.with.length;

/** What is said of rules that make too much. */
export const tooLong = (name: string) =>
  refusal(`${name} makes more than ${MOST_CHARACTERS} characters of the text`);

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
function regexMatches(rule: RegexRule, name: string): Matches {
  const pattern = compileRegex(rule, (problem, cause) => refusal(`${name}: ${problem}`, cause));
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
    { details: { param: 'replace' }, cause },
  );
}
