import type { Word } from '../contract/transcript.ts';
import { normalWord } from '../transcripts/normal-word.ts';
import { skipSaid } from './skip-said.ts';

/** What is known of the audio that is still kept. */
export interface LiveWords {
  /** Final words that lie in it. */
  readonly said: readonly Word[];
  /** Words of the last hypothesis that are not final. */
  readonly interim: readonly Word[];
  /** Where the last of all final words ended. */
  readonly finalSeconds: number;
}

export const noWords: LiveWords = { said: [], interim: [], finalSeconds: 0 };

/**
 * Local agreement: words that two successive hypotheses begin with are final, but for the last, which may be cut off or
 * end in a full stop only because the audio ends there. At a pause (`isComplete`) all words are final.
 */
export function confirmWords(
  { said, interim, finalSeconds }: LiveWords,
  hypothesis: readonly Word[],
  isComplete: boolean,
): { readonly words: LiveWords; readonly final: readonly Word[] } {
  const fresh = skipSaid(hypothesis, said);
  const count = isComplete ? fresh.length : Math.min(agreeing(interim, fresh), fresh.length - 1);
  const placed = inOrder(fresh, finalSeconds);
  const final = placed.slice(0, Math.max(0, count));
  return {
    final,
    words: {
      said: [...said, ...final],
      interim: placed.slice(final.length),
      finalSeconds: final.at(-1)?.endSeconds ?? finalSeconds,
    },
  };
}

/** The same, once the audio before `seconds` is forgotten. */
export function forgetWords(words: LiveWords, seconds: number): LiveWords {
  return { ...words, said: words.said.filter((word) => middleOf(word) >= seconds) };
}

function agreeing(before: readonly Word[], now: readonly Word[]): number {
  const differs = now.findIndex(
    (word, index) => before[index] === undefined || normalWord(before[index].text) !== normalWord(word.text),
  );
  return differs < 0 ? now.length : differs;
}

/** Words never begin before the word ahead of them ended. */
function inOrder(words: readonly Word[], fromSeconds: number): Word[] {
  let clock = fromSeconds;
  return words.map((word) => {
    const startSeconds = Math.max(clock, word.startSeconds);
    clock = Math.max(startSeconds, word.endSeconds);
    return { ...word, startSeconds, endSeconds: clock };
  });
}

const middleOf = (word: Word) => (word.startSeconds + word.endSeconds) / 2;
