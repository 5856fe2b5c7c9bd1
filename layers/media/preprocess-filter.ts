import type { DecodeOptions } from '@murmuration/pipeline/ports';

/**
 * FFmpeg's filter for what is wished; undefined for none. Gain follows the loudest of 15 frames of 250 ms around, at
 * most 20 times (26 dB), each channel for itself, from the first sample on. As many samples come out as go in.
 */
export function preprocessFilter({ preprocess = 'none' }: DecodeOptions = {}): string | undefined {
  return preprocess === 'drc' ? 'dynaudnorm=f=250:g=15:p=0.9:m=20:n=0:b=1' : undefined;
}
