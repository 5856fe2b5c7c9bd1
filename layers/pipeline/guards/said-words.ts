import { normalWord } from '../transcripts/normal-word.ts';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

export interface SaidWord {
  readonly normal: string;
  /** Where it ends in the text, with the punctuation and closing marks that follow it. */
  readonly end: number;
}

/** The words of a text as they are compared, also where a script writes no spaces. */
export function saidWords(text: string): SaidWord[] {
  const said: { normal: string; end: number }[] = [];
  for (const { segment, index, isWordLike } of segmenter.segment(text)) {
    const last = said.at(-1);
    if (isWordLike) said.push({ normal: normalWord(segment), end: index + segment.length });
    else if (last !== undefined) last.end = index + segment.trimEnd().length;
  }
  return said;
}
