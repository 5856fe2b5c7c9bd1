import type { Reference } from './reference.ts';

/**
 * Whose rules a reference is compared by: its own language, else the one that was asked for. For `auto` English, as in
 * `models/evaluate.py`: rules that followed what was heard would differ from model to model.
 */
export function rulesLanguage({ language }: Pick<Reference, 'language'>, asked: string): string {
  return language ?? (asked === 'auto' ? 'en' : asked);
}
