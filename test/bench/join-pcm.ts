import type { Pcm } from '@murmuration/pipeline/ports';

/** One after the other. */
export function joinPcm(parts: readonly Pcm[]): Pcm {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
