/** A word with its place in time, in seconds from the start of the segment. */
export interface TimedWord {
  text: string;
  startSeconds: number;
  endSeconds: number;
  probability: number;
}

// Lists of openai/whisper, transcribe.py
const PREPENDED = new Set('"\'“¿([{-');
const APPENDED = new Set('"\'.。,，!！?？:：”)]}、');
const SENTENCE_END = new Set('.。!！?？');

/** A word is at most twice this long at a sentence's end or start, or twice the median where that is shorter. */
const LONGEST_MEDIAN_SECONDS = 0.7;

/**
 * openai/whisper's clean-ups, timing.py: attention stretches words over the pauses around sentences, and gives punctuation
 * a time of its own. Returns words in order, none outside [0, durationSeconds].
 */
export function tidyWords(words: readonly TimedWord[], durationSeconds: number): TimedWord[] {
  const tidy = words.map((word) => ({ ...word }));
  const median = Math.min(LONGEST_MEDIAN_SECONDS, medianDuration(tidy));
  if (median > 0) capAtSentenceEnds(tidy, 2 * median);
  const merged = mergePunctuation(tidy);
  if (median > 0) capAfterPause(merged, median);
  return inOrder(merged, durationSeconds);
}

function medianDuration(words: readonly TimedWord[]): number {
  const durations = words
    .map((word) => word.endSeconds - word.startSeconds)
    .filter((duration) => duration > 0)
    .sort((a, b) => a - b);
  const middle = durations.length >> 1;
  if (durations.length === 0) return 0;
  return durations.length % 2 === 1 ? durations[middle]! : (durations[middle - 1]! + durations[middle]!) / 2;
}

function capAtSentenceEnds(words: TimedWord[], longest: number): void {
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word.endSeconds - word.startSeconds <= longest) continue;
    if (consistsOf(word.text, SENTENCE_END)) word.endSeconds = word.startSeconds + longest;
    else if (consistsOf(words[i - 1]!.text, SENTENCE_END)) word.startSeconds = word.endSeconds - longest;
  }
}

/** Opening marks join the next word, closing marks the one before; the word keeps its own times. */
function mergePunctuation(words: readonly TimedWord[]): TimedWord[] {
  const opened: TimedWord[] = [];
  for (const word of words.toReversed()) {
    const next = opened[0];
    const opens = word.text.startsWith(' ') && consistsOf(word.text.trim(), PREPENDED);
    if (next !== undefined && opens) next.text = word.text + next.text;
    else opened.unshift(word);
  }
  const merged: TimedWord[] = [];
  for (const word of opened) {
    const last = merged.at(-1);
    if (last !== undefined && !last.text.endsWith(' ') && consistsOf(word.text, APPENDED))
      last.text += word.text;
    else merged.push(word);
  }
  return merged;
}

/** The first words of a segment tend to begin in the silence before them. */
function capAfterPause(words: readonly TimedWord[], median: number): void {
  const [first, second] = words;
  if (first === undefined || first.endSeconds <= 4 * median) return;
  const longest = 2 * median;
  const firstTooLong = first.endSeconds - first.startSeconds > longest;
  const bothTooLong = second !== undefined && second.endSeconds - first.startSeconds > 2 * longest;
  if (!firstTooLong && !bothTooLong) return;
  if (second !== undefined && second.endSeconds - second.startSeconds > longest) {
    const boundary = Math.max(second.endSeconds / 2, second.endSeconds - longest);
    first.endSeconds = boundary;
    second.startSeconds = boundary;
  }
  first.startSeconds = Math.max(0, first.endSeconds - longest);
}

function inOrder(words: TimedWord[], durationSeconds: number): TimedWord[] {
  let earliest = 0;
  for (const word of words) {
    word.startSeconds = Math.max(earliest, Math.min(centiseconds(word.startSeconds), durationSeconds));
    word.endSeconds = Math.max(word.startSeconds, Math.min(centiseconds(word.endSeconds), durationSeconds));
    earliest = word.endSeconds;
  }
  return words;
}

/** Positions are 20 ms apart: more digits would only pretend. */
function centiseconds(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

function consistsOf(text: string, characters: ReadonlySet<string>): boolean {
  return text !== '' && [...text].every((character) => characters.has(character));
}
