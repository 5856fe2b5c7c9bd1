import type { Engine } from '@murmuration/pipeline/ports';
import type { SoundPool } from './sound-pool.ts';

/** Holds what a device reads until it is done with it, though whoever asked may have given up in the meantime. */
export function holdingEngine(engine: Engine, pool: Pick<SoundPool, 'hold'>): Engine {
  return {
    ...engine,
    async transcribe(segments, ...given) {
      const held = segments.map((pcm) => pool.hold(pcm));
      try {
        return await engine.transcribe(segments, ...given);
      } finally {
        for (const letGo of held) letGo();
      }
    },
  };
}
