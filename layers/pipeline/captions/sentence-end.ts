const closing = /["'”’»)\]]*$/u;
const sentenceMark = /[.!?…。！？؟।]$/u;
const clauseMark = /[,;:，、；：–—]$/u;
const abbreviation = /^(?:mr|mrs|ms|dr|st|prof|sr|jr|vs|no|etc|e\.g|i\.e|\p{L}|(?:\p{L}\.)+\p{L})\.$/iu;

/** How strongly speech pauses after `word`: a sentence ends, a clause ends, or it runs on. */
export function endOf(word: string, next: string | undefined): 'sentence' | 'clause' | 'none' {
  const bare = word.trim().replace(closing, '');
  if (clauseMark.test(bare)) return 'clause';
  if (!sentenceMark.test(bare)) return 'none';
  if (next === undefined) return 'sentence';
  // "Dr. Who", "J. S. Bach": the full stop belongs to the word. "3 p.m. and": a small letter goes on.
  if (abbreviation.test(bare) || /^\p{Ll}/u.test(next.trim())) return 'none';
  return 'sentence';
}
