import type { CaptionRules } from '../captions/caption.ts';

/** How a transcript is written down; each format takes what concerns it. */
export interface WriteOptions {
  /** What differs from the default rules: srt, vtt, tsv. */
  readonly captions?: Partial<CaptionRules> | undefined;
  /** Mark when each word is said: vtt. @default false */
  readonly highlightWords?: boolean | undefined;
}
