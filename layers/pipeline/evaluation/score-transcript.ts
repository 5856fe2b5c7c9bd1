import { countErrors, type ErrorCounts } from './count-errors.ts';
import { normalizeText } from './normalize-text.ts';

/** Errors of one recording, or summed over several. */
export interface Score extends ErrorCounts {
  readonly words: number;
  readonly characters: number;
  readonly characterErrors: number;
}

/** Compares as `models/evaluate.py` does. Where nothing was said, all that was heard is insertions. */
export function scoreTranscript(said: string, heard: string, language: string): Score {
  const expected = normalizeText(said, language);
  const found = normalizeText(heard, language);
  const words = countErrors(wordsOf(expected), wordsOf(found));
  if (expected === '') return { ...words, words: 0, characters: 0, characterErrors: 0 };
  const characters = countErrors([...expected], [...found]);
  return {
    ...words,
    words: wordsOf(expected).length,
    characters: [...expected].length,
    characterErrors: errorsOf(characters),
  };
}

/** All of them together. */
export function sumScores(scores: readonly Score[]): Score {
  const sum = (field: keyof Score) => scores.reduce((total, score) => total + score[field], 0);
  return {
    substitutions: sum('substitutions'),
    deletions: sum('deletions'),
    insertions: sum('insertions'),
    words: sum('words'),
    characters: sum('characters'),
    characterErrors: sum('characterErrors'),
  };
}

export const errorsOf = ({ substitutions, deletions, insertions }: ErrorCounts) =>
  substitutions + deletions + insertions;

/** In hundredths, as the manifest of a model has it; null of nothing. */
export function percentOf(errors: number, count: number): number | null {
  return count === 0 ? null : Math.round((10_000 * errors) / count) / 100;
}

const wordsOf = (text: string) => text.split(' ').filter((word) => word !== '');
