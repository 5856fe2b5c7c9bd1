import { endOf } from '../captions/sentence-end.ts';
import type { LiveWords } from './confirm-words.ts';

/** From here on the audio is cut at the next good place: every hypothesis costs time in proportion. */
const TRIM_FROM_SECONDS = 6;
/** From here on it is cut anywhere between final words; two of them stay, to find the place again. */
const TRIM_ANYWHERE_FROM_SECONDS = 15;
const WORDS_TO_KEEP = 2;
/** As long a gap between two words is a pause. */
const PAUSE_SECONDS = 0.3;

/**
 * Up to where the audio from `startSeconds` to `endSeconds` is done with: the middle of the last gap after a final word
 * that ends a sentence or is followed by a pause. Undefined where it should be kept whole.
 */
export function trimPoint(
  { said, interim }: LiveWords,
  startSeconds: number,
  endSeconds: number,
): number | undefined {
  const keptSeconds = endSeconds - startSeconds;
  if (keptSeconds < TRIM_FROM_SECONDS) return undefined;
  const words = [...said, ...interim];
  for (let index = said.length - 1; index >= 0; index -= 1) {
    const [word, next] = [words[index]!, words[index + 1]];
    if (next === undefined) continue;
    const gap = next.startSeconds - word.endSeconds;
    if (gap >= PAUSE_SECONDS || endOf(word.text, next.text) === 'sentence') return word.endSeconds + gap / 2;
  }
  const kept = words[said.length - WORDS_TO_KEEP];
  if (keptSeconds < TRIM_ANYWHERE_FROM_SECONDS || said.length <= WORDS_TO_KEEP || !kept) return undefined;
  return (words[said.length - WORDS_TO_KEEP - 1]!.endSeconds + kept.startSeconds) / 2;
}
