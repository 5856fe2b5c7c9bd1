import type { Recording } from '../contract/plan.ts';

/** What is transcribed of a recording, where that is not just its length: each channel for itself. */
export function heardSeconds({
  durationSeconds,
  channels,
  options,
}: Pick<Recording, 'durationSeconds' | 'channels' | 'options'>): { heardSeconds?: number } {
  return options.channels === 'separate' ? { heardSeconds: durationSeconds * channels } : {};
}
