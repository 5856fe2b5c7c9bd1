import { mp4Boxes } from './mp4-boxes.ts';
import type { OpenedSource } from './opened-source.ts';

/** Whether a source begins as an mp4 or mov and has no index: recorders write it last, so a recording that broke off has none. */
export async function lacksIndex({ bytes }: Pick<OpenedSource, 'bytes'>): Promise<boolean> {
  if (bytes === undefined) return false;
  let isMp4 = false;
  for await (const { type } of mp4Boxes(bytes, 0, bytes.sizeBytes)) {
    if (type === 'moov') return false;
    isMp4 ||= type === 'ftyp' || type === 'mdat';
    if (!isMp4 && !['wide', 'free', 'skip'].includes(type)) return false;
  }
  return isMp4;
}
