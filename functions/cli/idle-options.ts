import type { FormatName } from '@murmuration/pipeline/formats/formats';
import type { DeliveryOptions } from './delivery.ts';
import type { EditOptions } from './edits.ts';
import type { LaptopOptions } from './laptop.ts';

const CAPTIONS: readonly FormatName[] = ['srt', 'vtt', 'tsv'];

interface IdleOptions extends DeliveryOptions, EditOptions, Pick<LaptopOptions, 'ladder'> {
  readonly temperatures?: readonly number[];
}

/**
 * Notes on options that change nothing as the others stand. They are no error: nothing is lost by them, and whoever
 * writes `--max-lines 1` into a script may leave the format to its user.
 * @param formats what is written
 */
export function idleOptions(
  { highlightWords, maxLineLength, maxLines, phoneCountry, redact, ladder, temperatures }: IdleOptions,
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
  if (ladder !== undefined && ladder.length > 0 && temperatures?.length === 1) {
    note('--ladder', 'a second of --temperatures: one alone asks for one hearing');
  }
  return notes;
}
