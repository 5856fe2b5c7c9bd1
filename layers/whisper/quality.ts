import { deflateSync } from 'node:zlib';

/** UTF-8 bytes over zlib bytes, as openai/whisper's utils.py: above 2.4 a text repeats itself. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length / deflateSync(bytes).length;
}

/** Sum of the log-probabilities, the end token's included, over tokens + 1, as openai/whisper's decoding.py. */
export function averageLogprob(logprobs: Iterable<number>, tokens: number): number {
  let sum = 0;
  for (const logprob of logprobs) sum += logprob;
  return sum / (tokens + 1);
}

/** Half of the decoder's text context, as openai/whisper. */
const TOKEN_LIMIT = 224;

/**
 * New tokens a clip may need, the end token included. People say at most 6 to 7 English tokens a second, so more is a loop, and stopping it early
 * saves its time. Scripts that the byte-level vocabulary spells out letter by letter need up to three times as many.
 */
export function tokenLimit(seconds: number, language: string): number {
  const tokensPerSecond = language === 'en' ? 8 : 24;
  return Math.min(Math.floor(tokensPerSecond * seconds) + 16, TOKEN_LIMIT);
}

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
