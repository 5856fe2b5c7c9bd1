import type { Word } from '../contract/transcript.ts';

/** One line of a caption, with the words it was made of; no words where the model could not place them. */
export interface CaptionLine {
  readonly text: string;
  readonly words: readonly Word[];
}

/** What is shown at once. Seconds from the start of the recording, in whole milliseconds; end is after start. */
export interface Caption {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** All of it on one line: a line break is a space only where the language writes one. */
  readonly text: string;
  readonly lines: readonly CaptionLine[];
  /** Where channels were transcribed apart, counted from 0. */
  readonly channel?: number;
}

/** How captions are shaped. A single word that breaks a limit is kept whole. */
export interface CaptionRules {
  readonly maxLineCharacters: number;
  readonly maxLines: number;
  /** Captions are held on screen this long where the next one leaves room. */
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** Reading speed: captions are held for as long as it needs, where the next one leaves room. */
  readonly charactersPerSecond: number;
  /** A silence of this length between two words always ends a caption. */
  readonly pauseSeconds: number;
  /** What is written before the text of a channel's caption: its first line leaves room for it. */
  readonly labelOf: (channel: number) => string;
}

// 42 characters, 2 lines, 7 s, 20 characters a second: Netflix's timed text guide for English; 1 s is the least a
// reader can catch.
export const defaultCaptionRules: CaptionRules = {
  maxLineCharacters: 42,
  maxLines: 2,
  minSeconds: 1,
  maxSeconds: 7,
  charactersPerSecond: 20,
  pauseSeconds: 0.6,
  labelOf: () => '',
};
