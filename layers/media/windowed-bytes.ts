import type { RangeSource } from '@murmuration/pipeline/ports';

/** The index of a film begins with its tracks' descriptions. */
const WINDOW_BYTES = 64 * 1024;

/** The same bytes, fetched a window at a time: of an address, each read is a request. */
export function windowedBytes({
  sizeBytes,
  read,
}: Pick<RangeSource, 'sizeBytes' | 'read'>): Pick<RangeSource, 'sizeBytes' | 'read'> {
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    sizeBytes,
    async read(start, end) {
      if (start < from || end > from + window.length) {
        window = await read(start, Math.min(Math.max(end, start + WINDOW_BYTES), sizeBytes));
        from = start;
      }
      return window.subarray(start - from, end - from);
    },
  };
}
