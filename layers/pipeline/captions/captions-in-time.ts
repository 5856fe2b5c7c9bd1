import type { Caption, CaptionRules } from './caption.ts';

/** A caption at the times of its words. */
export interface CaptionDraft extends Caption {
  readonly maxSeconds: number;
}

/**
 * Sets the times of one channel's captions to whole milliseconds, holds them until they can be read while there is
 * room, and lets none overlap.
 */
export function captionsInTime(
  drafts: readonly CaptionDraft[],
  durationSeconds: number,
  rules: CaptionRules,
): Caption[] {
  let clock = 0;
  return drafts.map(({ maxSeconds, ...caption }, index) => {
    const start = Math.max(clock, Math.round(caption.startSeconds * 1000));
    const limit = Math.round((drafts[index + 1]?.startSeconds ?? durationSeconds) * 1000);
    const readSeconds = Math.max(rules.minSeconds, [...caption.text].length / rules.charactersPerSecond);
    const wanted = Math.max(Math.round(caption.endSeconds * 1000), start + Math.ceil(readSeconds * 1000));
    // At least 1 ms: players refuse a caption that ends when it starts.
    clock = Math.max(start + 1, Math.floor(Math.min(wanted, limit, start + maxSeconds * 1000)));
    return { ...caption, startSeconds: start / 1000, endSeconds: clock / 1000 };
  });
}
