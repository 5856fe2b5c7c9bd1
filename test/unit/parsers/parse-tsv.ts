import { type Cue, linesOf } from './cue.ts';

/** Reads Whisper's table. Throws where a row has not three fields. */
export function parseTsv(file: string): Cue[] {
  const [header, ...rows] = linesOf(file);
  if (header !== 'start\tend\ttext') throw new Error(`not Whisper's header: ${JSON.stringify(header)}`);
  if (rows.pop() !== '') throw new Error('the last row does not end');
  return rows.map((row) => {
    const [start, end, text, ...more] = row.split('\t');
    if (text === undefined || more.length > 0) throw new Error(`not three fields: ${JSON.stringify(row)}`);
    return { startSeconds: Number(start) / 1000, endSeconds: Number(end) / 1000, lines: [text] };
  });
}
