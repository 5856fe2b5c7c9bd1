import type { RangeSource } from '@murmuration/pipeline/ports';

/** A box of an mp4 or mov file; positions count bytes of the file. */
export interface Mp4Box {
  readonly type: string;
  /** Of what it holds. */
  readonly start: number;
  readonly end: number;
}

/** No sound file has more at one level before its index; a broken one may say so. */
const MOST_BOXES = 10_000;

/** The boxes that lie one after the other from `start` to `end`, as far as they make sense. */
export async function* mp4Boxes(
  { read }: Pick<RangeSource, 'read'>,
  start: number,
  end: number,
): AsyncGenerator<Mp4Box> {
  for (let box = 0; box < MOST_BOXES && start + 8 <= end; box += 1) {
    const head = Buffer.from(await read(start, Math.min(start + 16, end)));
    if (head.length < 8) return;
    const shortBytes = head.readUInt32BE(0);
    const isLong = shortBytes === 1 && head.length === 16;
    // 0 stands for the rest
    const sizeBytes = isLong ? Number(head.readBigUInt64BE(8)) : shortBytes || end - start;
    const headBytes = isLong ? 16 : 8;
    if (sizeBytes < headBytes) return;
    const next = Math.min(start + sizeBytes, end);
    yield { type: head.toString('latin1', 4, 8), start: start + headBytes, end: next };
    start = next;
  }
}

/** What lies at the end of a path of types such as `mdia/minf/stbl`; all of them, in order. */
export async function mp4BoxesAt(
  source: Pick<RangeSource, 'read'>,
  path: string,
  within: Pick<Mp4Box, 'start' | 'end'>,
): Promise<Mp4Box[]> {
  const [type, ...rest] = path.split('/');
  const found: Mp4Box[] = [];
  for await (const box of mp4Boxes(source, within.start, within.end)) {
    if (box.type !== type) continue;
    if (rest.length === 0) found.push(box);
    else found.push(...(await mp4BoxesAt(source, rest.join('/'), box)));
  }
  return found;
}
