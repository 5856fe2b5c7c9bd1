/** A phrase that follows itself directly, in words counted from 0. */
export interface Loop {
  /** The first word of the first time. */
  readonly start: number;
  /** One past the last word of the last time; a last one that broke off counts too. */
  readonly end: number;
  readonly phraseWords: number;
  readonly times: number;
}

// A speaker says a sentence twice, and "no" five times; nobody says a sentence four times, or "no" twelve
const MIN_TIMES = { sentence: 4, phrase: 8, word: 12 };
const minTimes = (words: number) =>
  words >= 4 ? MIN_TIMES.sentence : words >= 2 ? MIN_TIMES.phrase : MIN_TIMES.word;

/** The loop that covers the most words, or undefined. */
export function findLoop(words: readonly string[]): Loop | undefined {
  let longest: Loop | undefined;
  for (let length = 1; length * 2 <= words.length; length++) {
    // Words in a row that equal the one a phrase earlier
    let equal = 0;
    for (let end = length; end <= words.length; end++) {
      if (end < words.length && words[end] === words[end - length]) {
        equal++;
        continue;
      }
      const times = 1 + Math.floor(equal / length);
      const start = end - equal - length;
      // The shorter phrase wins where both cover the same: "no no no no" is not "no no" twice
      if (
        equal > 0 &&
        times >= minTimes(length) &&
        end - start > (longest ? longest.end - longest.start : 0)
      ) {
        longest = { start, end, phraseWords: length, times };
      }
      equal = 0;
    }
  }
  return longest;
}
