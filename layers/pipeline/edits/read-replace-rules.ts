import { z } from 'zod';
import { ReplaceRule } from '../contract/replace-rule.ts';
import { refusedRules } from './refused-rules.ts';

/** The rules in a text: a JSON array, applied in order. Throws `invalid-argument`, which names the rule, counted from 1. */
export function readReplaceRules(text: string): ReplaceRule[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw refusedRules(`they are not JSON (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  if (!Array.isArray(json)) throw refusedRules('they are no array');
  return json.map((rule: unknown, index) => {
    const parsed = ReplaceRule.safeParse(rule);
    if (!parsed.success)
      throw refusedRules(`rule ${index + 1}: ${problemOf(rule, parsed.error)}`, parsed.error);
    return parsed.data;
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
