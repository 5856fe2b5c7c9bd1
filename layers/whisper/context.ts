import type { Manifest } from './manifest.ts';

/** Samples of one encoder position: 20 ms at 16 kHz. */
export const SAMPLES_PER_POSITION = 320;

/** Seconds of audio for one encoder position. */
export const SECONDS_PER_POSITION = 0.02;

/** 1 s of real silence after the clip: with less, the decoder hears it cut off in mid sentence. */
const SILENCE_AFTER_POSITIONS = 50;

/** Every 16th position of the silence after that; 50 was as good on 76 clips, 16 leaves a margin at 1 % of the cost. */
const SILENCE_STRIDE = 16;

/** Which encoder positions a row keeps: see models/GRAPH.md. */
export interface ContextPlan {
  readonly kind: 'short' | 'full';
  /** Positions of the audio itself. */
  readonly audioPositions: number;
  /** Positions kept one by one: `lengths`. */
  readonly keptPositions: number;
  /** `silence_stride`; 0 where nothing is merged. */
  readonly silenceStride: number;
  /** All positions the row needs, merged ones too; × 320 are the samples to pad to. */
  readonly positions: number;
}

/** What the rows of one run have in common: rows of another window make another run. */
export function windowOf({ silenceStride, positions }: ContextPlan): string {
  // Without merged silence a row's length is part of its context: a longer neighbour must not lengthen it
  return silenceStride === 0 ? `${positions}` : `merged ${silenceStride}`;
}

/** Half the window: the shortest context with which the decoder rarely says things twice, where silence cannot be merged. */
const SHORT_WINDOW_SHARE = 0.5;

export interface ContextOptions {
  /** Positions of the model's window. @default 1500 */
  readonly audioContext?: number | undefined;
  /** Whether the graph can merge silence; graphs for CUDA cannot. @default true */
  readonly mergesSilence?: boolean | undefined;
}

/** What a model's graph can do. */
export function contextOptions({
  dimensions,
  graph,
}: Pick<Manifest, 'dimensions' | 'graph'>): ContextOptions {
  // Merging needs a bias on attention, which would take CUDA off its fast kernels
  return { audioContext: dimensions.audioContext, mergesSilence: graph.target === 'cpu' };
}

/**
 * The positions of a clip. `short` keeps the clip, one second of silence and a thin rest up to the model's window ("merged
 * silence"), or half the window where silence cannot be merged; `full` keeps the whole zero-padded window. A clip that
 * does not fit the short context gets `full` either way.
 */
export function planContext(
  samples: number,
  kind: 'short' | 'full',
  { audioContext = 1500, mergesSilence = true }: ContextOptions = {},
): ContextPlan {
  const audioPositions = Math.min(Math.ceil(samples / SAMPLES_PER_POSITION), audioContext);
  const window = (kind: 'short' | 'full', positions: number): ContextPlan => ({
    kind,
    audioPositions,
    keptPositions: positions,
    silenceStride: 0,
    positions,
  });
  const kept = audioPositions + SILENCE_AFTER_POSITIONS;
  if (kind === 'full') return window('full', audioContext);
  if (!mergesSilence) {
    const half = audioContext * SHORT_WINDOW_SHARE;
    return kept <= half ? window('short', half) : window('full', audioContext);
  }
  const merged = Math.ceil((audioContext - kept) / SILENCE_STRIDE);
  if (merged < 1) return window('full', audioContext);
  return {
    kind: 'short',
    audioPositions,
    keptPositions: kept,
    silenceStride: SILENCE_STRIDE,
    positions: kept + merged,
  };
}
