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

/**
 * The positions of a clip. `short` keeps the clip, one second of silence and a thin rest up to the model's window ("merged
 * silence"); `full` keeps the whole zero-padded window. A clip that fills the window gets `full` either way.
 */
export function planContext(samples: number, kind: 'short' | 'full', audioContext = 1500): ContextPlan {
  const audioPositions = Math.min(Math.ceil(samples / SAMPLES_PER_POSITION), audioContext);
  const kept = audioPositions + SILENCE_AFTER_POSITIONS;
  const merged = Math.ceil((audioContext - kept) / SILENCE_STRIDE);
  if (kind === 'full' || merged < 1) {
    return {
      kind: 'full',
      audioPositions,
      keptPositions: audioContext,
      silenceStride: 0,
      positions: audioContext,
    };
  }
  return {
    kind: 'short',
    audioPositions,
    keptPositions: kept,
    silenceStride: SILENCE_STRIDE,
    positions: kept + merged,
  };
}
