import type { FormatName, JobOptions } from '../contract/job.ts';
import { formats, type TranscriptFormat } from './formats.ts';

interface DeliveredFormat extends TranscriptFormat {
  readonly contentType: string;
}

const UTF8 = 'charset=utf-8';

/** The formats that jobs deliver, by the ending of their keys. */
export const deliveredFormats: Readonly<Record<FormatName, DeliveredFormat>> = {
  json: { ...formats.json, contentType: 'application/json' },
  srt: { ...formats.srt, contentType: `application/x-subrip; ${UTF8}` },
  vtt: { ...formats.vtt, contentType: `text/vtt; ${UTF8}` },
  tsv: { ...formats.tsv, contentType: `text/tab-separated-values; ${UTF8}` },
  txt: { ...formats.text, contentType: `text/plain; ${UTF8}` },
};

/** Whether words must be timed: asked for, or helpful to a format, or to merge segments and to look twice. */
export function needsWords(options: JobOptions, segments: number): boolean {
  return segments > 1 || keepsWords(options);
}

/** Whether the transcript that is delivered has words: as asked, or as its formats are better with them. */
export function keepsWords({ decoding, channels, formats: names }: JobOptions): boolean {
  // Turns of a talk are told apart by words
  return decoding.words || channels === 'separate' || names.some((name) => deliveredFormats[name].needsWords);
}
