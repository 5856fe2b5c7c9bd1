/** What a player would show: seconds, and the lines of text without markup. */
export interface Cue {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly lines: readonly string[];
  /** vtt: whose voice it is. */
  readonly voice?: string;
  /** vtt: times inside the text, in seconds. */
  readonly wordSeconds?: readonly number[];
}

/** Lines of a text file, whatever wrote it. */
export function linesOf(file: string): string[] {
  return file.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
}

/** Blocks that blank lines divide. */
export function blocksOf(file: string): string[][] {
  const blocks: string[][] = [[]];
  for (const line of linesOf(file)) {
    if (line !== '') blocks.at(-1)!.push(line);
    else if (blocks.at(-1)!.length > 0) blocks.push([]);
  }
  return blocks.filter((block) => block.length > 0);
}

/** Of `HH:MM:SS` or `MM:SS`, and milliseconds after `.` or `,`. Throws where it is none. */
export function secondsOf(timestamp: string): number {
  const found = /^(?:(\d{2,}):)?([0-5]\d):([0-5]\d)[.,](\d{3})$/.exec(timestamp);
  if (found === null) throw new Error(`no timestamp: ${JSON.stringify(timestamp)}`);
  const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  return (((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds) / 1000;
}
