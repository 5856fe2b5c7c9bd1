/** Other names and codes that people write → Whisper's code; its names are in the pipeline's contract. */
export const languageAliases: ReadonlyMap<string, string> = new Map([
  ['burmese', 'my'],
  ['castilian', 'es'],
  ['filipino', 'tl'],
  ['flemish', 'nl'],
  ['haitian', 'ht'],
  ['letzeburgesch', 'lb'],
  ['mandarin', 'zh'],
  ['moldavian', 'ro'],
  ['moldovan', 'ro'],
  ['panjabi', 'pa'],
  ['pushto', 'ps'],
  ['sinhalese', 'si'],
  ['valencian', 'ca'],
  // Today's ISO 639 code, where Whisper has the one of before, and Bokmål, which Whisper calls Norwegian
  ['jv', 'jw'],
  ['nb', 'no'],
]);
