import type { ReplaceRule } from '../contract/replace-rule.ts';
import { compileRegex } from './compile-regex.ts';
import { refusedRules } from './refused-rules.ts';
import { requireBounded } from './require-bounded.ts';
import type { TextEdit } from './text-edit.ts';

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
      requireBounded(mostCharacters(rule, match), name);
      const replacement = 'regex' in rule ? expand(rule.with, match) : rule.with;
      characters += replacement.length - match[0].length;
      requireBounded(characters, name);
      if (replacement !== match[0]) changes.push({ start, end, replacement });
    }
    return changes;
  };
}

/** A reference has two characters at least. */
const mostCharacters = (rule: ReplaceRule, match: RegExpMatchArray) =>
  'regex' in rule ? rule.with.length + (rule.with.split('$').length - 1) * match[0].length : rule.with.length;

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
  const pattern = compileRegex(rule, (problem, cause) => refusedRules(`${name}: ${problem}`, cause));
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
