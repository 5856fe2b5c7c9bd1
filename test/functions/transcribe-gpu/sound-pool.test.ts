import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { holdingEngine } from '../../../functions/transcribe-gpu/sound/holding-engine.ts';
import { createSoundPool, type LetGo } from '../../../functions/transcribe-gpu/sound/sound-pool.ts';
import { deviceOf, fakeEngine, silentObserver } from './fake-engine.ts';

it('gives out nothing that somebody holds, and makes no more memory than was held at a time', () => {
  const steps = fc.array(
    fc.record({ kind: fc.constantFrom('take', 'hold', 'letGo'), which: fc.nat(9) }),
    // Long enough to hold what was let go, and to let it go when another has it
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (todo) => {
      const pool = createSoundPool();
      const known: Pcm[] = [];
      let holds: { buffer: unknown; letGo: LetGo }[] = [];
      const held = () => new Set(holds.map(({ buffer }) => buffer));
      let most = 0;
      for (const { kind, which } of todo) {
        if (kind === 'take') {
          const { pcm, letGo } = pool.take();
          expect(held().has(pcm.buffer)).toBe(false);
          holds.push({ buffer: pcm.buffer, letGo });
          known.push(pcm);
        } else if (kind === 'hold' && known[which] !== undefined) {
          const { buffer } = known[which];
          const isHeld = held().has(buffer);
          // A part of it is the same memory
          const letGo = pool.hold(known[which].subarray(0, which));
          holds.push({ buffer: isHeld ? buffer : undefined, letGo });
        } else {
          holds[which]?.letGo();
          holds = holds.filter((_, index) => index !== which);
        }
        const count = [...held()].filter((buffer) => buffer !== undefined).length;
        most = Math.max(most, count);
        expect(pool.held()).toBe(count);
        expect(new Set(known.map(({ buffer }) => buffer)).size).toBe(most);
      }
    }),
  );
});

it('leaves sound alone that is not its own', () => {
  const pool = createSoundPool();
  pool.hold(Float32Array.of(1))();
  expect(pool.held()).toBe(0);
});

it('keeps what a device still reads, though the request that it came for was given up', async () => {
  const pool = createSoundPool();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const engine = holdingEngine(fakeEngine({ before: () => ended }), pool);
  const policy = { ...defaultPolicy, gatherMilliseconds: 0 };
  const batcher = createBatcher([deviceOf(engine)], policy, { observer: silentObserver });
  const { pcm: sound, letGo } = pool.take();
  const gone = new AbortController();
  const heard = batcher.transcribe('a', [sound], {}, gone.signal);
  gone.abort();
  await expect(heard).rejects.toMatchObject({ code: 'aborted' });
  letGo();
  expect(pool.held()).toBe(1);
  end();
  await expect.poll(pool.held).toBe(0);
  expect(pool.take().pcm.buffer).toBe(sound.buffer);
});

it('keeps nothing of what a device failed to hear', async () => {
  const pool = createSoundPool();
  const before = () => {
    throw new MurmurationError('internal', 'no');
  };
  const { pcm, letGo } = pool.take();
  await expect(holdingEngine(fakeEngine({ before }), pool).transcribe([pcm])).rejects.toThrow('no');
  letGo();
  expect(pool.held()).toBe(0);
});
