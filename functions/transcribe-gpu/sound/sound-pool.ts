import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';

/** Whisper's window. */
const SAMPLES = 30 * SAMPLE_RATE_HERTZ;

/** To be called once. */
export type LetGo = () => void;

/**
 * Memory for sound that all threads see, so that no thread copies it for another; used again and again, for fresh memory
 * costs as much as what is done with it. It is as much as was ever held at a time, and is kept.
 */
export interface SoundPool {
  /** Room for 30 s, overwritten by others once nobody holds it. */
  take(): { readonly pcm: Pcm; readonly letGo: LetGo };
  /** One more holds what `pcm` is a part of; where nobody does, or it is not of this pool, nothing is held. */
  hold(pcm: Pcm): LetGo;
  /** So many are held by somebody. */
  held(): number;
}

export function createSoundPool(): SoundPool {
  const free: SharedArrayBuffer[] = [];
  const holders = new Map<unknown, number>();

  function letGo(buffer: SharedArrayBuffer): void {
    const left = holders.get(buffer)! - 1;
    holders.set(buffer, left);
    if (left > 0) return;
    holders.delete(buffer);
    free.push(buffer);
  }

  return {
    take() {
      const buffer = free.pop() ?? new SharedArrayBuffer(SAMPLES * Float32Array.BYTES_PER_ELEMENT);
      holders.set(buffer, 1);
      return { pcm: new Float32Array(buffer), letGo: () => letGo(buffer) };
    },
    hold({ buffer }) {
      const count = holders.get(buffer);
      if (count === undefined || !(buffer instanceof SharedArrayBuffer)) return () => undefined;
      holders.set(buffer, count + 1);
      return () => letGo(buffer);
    },
    held: () => holders.size,
  };
}
