import type { SegmentTranscript, Word } from '../contract/transcript.ts';
import type { Cut } from './cut-loop.ts';

/** Runs of words that the model hardly believed itself, in order. */
export function doubtfulWords({ words = [] }: SegmentTranscript, leastProbability: number): Cut[] {
  const runs: Word[][] = [];
  words.forEach((word, index) => {
    if (word.probability >= leastProbability) return;
    const previous = words[index - 1];
    if (previous !== undefined && previous.probability < leastProbability) runs.at(-1)!.push(word);
    else runs.push([word]);
  });
  return runs.map((run) => ({
    startSeconds: run[0]!.startSeconds,
    endSeconds: run.at(-1)!.endSeconds,
    text: run.map((word) => word.text).join(''),
  }));
}
