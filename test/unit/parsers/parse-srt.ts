import { blocksOf, type Cue, secondsOf } from './cue.ts';

/** Reads SubRip strictly: numbers count from 1, nothing stands between blocks. Throws on anything else. */
export function parseSrt(file: string): Cue[] {
  return blocksOf(file).map(([number, times = '', ...lines], index) => {
    if (number !== String(index + 1)) throw new Error(`caption ${index + 1} is numbered ${number}`);
    const found = /^(\S+) --> (\S+)$/.exec(times);
    if (found === null) throw new Error(`no times in caption ${number}: ${JSON.stringify(times)}`);
    // Lenient readers take any line with an arrow for times
    if (lines.some((line) => line.includes('-->')))
      throw new Error(`an arrow in the text of caption ${number}`);
    return { startSeconds: secondsOf(found[1]!), endSeconds: secondsOf(found[2]!), lines };
  });
}
