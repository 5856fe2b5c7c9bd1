/** A word as it is compared: small letters and digits alone. Where that leaves nothing ("--", "♪"), an empty text. */
export function normalWord(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
