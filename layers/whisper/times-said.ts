const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/** A phrase must have this many words, not all the same, to count as said twice: "no no no" is speech. */
const PHRASE_WORDS = 4;

/** A shorter phrase counts only from this many times on. */
const SHORT_PHRASE_TIMES = 10;

/**
 * How often the most repeated phrase of `text` follows itself directly; 1 where none does. Case and punctuation do not count;
 * words are found in scripts without spaces too. `limit` stops the search once that many were found.
 */
export function timesSaid(text: string, limit = Number.POSITIVE_INFINITY): number {
  const said: string[] = [];
  for (const part of words.segment(text.toLowerCase())) if (part.isWordLike) said.push(part.segment);
  let most = 1;
  for (let length = 1; length * 2 <= said.length; length++) {
    // Words that equal the one a phrase earlier, in a row: every `length` of them are one more time
    let equal = 0;
    for (let i = length; i < said.length; i++) {
      equal = said[i] === said[i - length] ? equal + 1 : 0;
      const times = 1 + Math.floor(equal / length);
      if (times <= most || (length < PHRASE_WORDS && times < SHORT_PHRASE_TIMES)) continue;
      if (length >= PHRASE_WORDS && isSameWord(said, i - length + 1, i + 1) && times < SHORT_PHRASE_TIMES)
        continue;
      most = times;
      if (most >= limit) return most;
    }
  }
  return most;
}

/** Whether one to three words alone make up the phrase: then it is a short phrase, said in a row. */
function isSameWord(said: readonly string[], start: number, end: number): boolean {
  for (let period = 1; period < PHRASE_WORDS; period++) {
    let same = true;
    for (let i = start + period; same && i < end; i++) same = said[i] === said[i - period];
    if (same) return true;
  }
  return false;
}
