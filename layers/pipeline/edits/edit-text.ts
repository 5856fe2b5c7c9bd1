import type { TextEdit } from './text-edit.ts';

/** The text after each edit in turn. For what has no words with times: findings, prompts, partial results. */
export function editText(text: string, edits: readonly TextEdit[]): string {
  return edits.reduce((edited, edit) => {
    let result = '';
    let end = 0;
    for (const change of edit(edited)) {
      result += edited.slice(end, change.start) + change.replacement;
      end = change.end;
    }
    return result + edited.slice(end);
  }, text);
}
