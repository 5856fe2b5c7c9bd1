import type { Transcript } from '../contract/transcript.ts';
import { writeJson } from './json.ts';
import { writeSrt } from './srt.ts';
import { writeText } from './text.ts';
import { writeTsv } from './tsv.ts';
import { writeVerboseJson } from './verbose-json.ts';
import { writeVtt } from './vtt.ts';
import type { WriteOptions } from './write-options.ts';

/** One way to write a transcript down. */
export interface TranscriptFormat {
  /** Of the file, without its first dot; differs between all formats, so that several fit in one folder. */
  readonly extension: string;
  /** Whether it is better with word times: ask the engine for `words`. */
  readonly needsWords: boolean;
  readonly write: (transcript: Transcript, options?: WriteOptions) => string;
}

const byName = {
  text: { extension: 'txt', needsWords: false, write: writeText },
  json: { extension: 'json', needsWords: false, write: writeJson },
  verbose_json: { extension: 'verbose.json', needsWords: false, write: writeVerboseJson },
  srt: { extension: 'srt', needsWords: true, write: writeSrt },
  vtt: { extension: 'vtt', needsWords: true, write: writeVtt },
  tsv: { extension: 'tsv', needsWords: true, write: writeTsv },
} as const satisfies Record<string, TranscriptFormat>;

export type FormatName = keyof typeof byName;

/** Every format by the name that users and the API give it. */
export const formats: Readonly<Record<FormatName, TranscriptFormat>> = byName;

/** Names of all formats, in the order of the help text. */
export const formatNames = Object.keys(formats) as FormatName[];
