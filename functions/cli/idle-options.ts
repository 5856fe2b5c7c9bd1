import type { FormatName } from '@murmuration/pipeline/formats/formats';
import type { DeliveryOptions } from './delivery.ts';
import type { EditOptions } from './edits.ts';

const CAPTIONS: readonly FormatName[] = ['srt', 'vtt', 'tsv'];

/**
 * Notes on options that change nothing as the others stand. They are no error: nothing is lost by them, and whoever
 * writes `--max-lines 1` into a script may leave the format to its user.
 * @param formats what is written
 */
export function idleOptions(
  { highlightWords, maxLineLength, maxLines, phoneCountry, redact }: DeliveryOptions & EditOptions,
  formats: readonly FormatName[],
): string[] {
  const hasCaptions = formats.some((format) => CAPTIONS.includes(format));
  const notes: string[] = [];
  const note = (option: string, missing: string) =>
    notes.push(`${option} changes nothing without ${missing}`);
  if (highlightWords === true && !formats.includes('vtt')) note('--highlight-words', '--format vtt');
  if (maxLineLength !== undefined && !hasCaptions) note('--max-line-length', '--format srt, vtt or tsv');
  if (maxLines !== undefined && !hasCaptions) note('--max-lines', '--format srt, vtt or tsv');
  if (phoneCountry !== undefined && !redact?.includes('phone')) note('--phone-country', '--redact phone');
  return notes;
}
