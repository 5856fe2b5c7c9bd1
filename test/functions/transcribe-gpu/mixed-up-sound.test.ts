import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerInvocation } from '../../../functions/transcribe-gpu/answer-invocation.ts';
import { batchingEngine } from '../../../functions/transcribe-gpu/batching/batching-engine.ts';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { BatchInvocation } from '../../../functions/transcribe-gpu/invocation.ts';
import { holdingEngine } from '../../../functions/transcribe-gpu/sound/holding-engine.ts';
import { createSoundPool } from '../../../functions/transcribe-gpu/sound/sound-pool.ts';
import { createSoundSource } from '../../../functions/transcribe-gpu/sound/sound-source.ts';
import type { SoundThread } from '../../../functions/transcribe-gpu/sound/sound-thread.ts';
import { deviceOf, fakeEngine, silentObserver } from './fake-engine.ts';

/** Whose segments are numbers from `first` on: so much is heard in each. */
function invocationOf(first: number, count: number): BatchInvocation {
  const segments = Array.from({ length: count }, (_, place) => ({
    ...{ index: first + place, startSeconds: 0, endSeconds: 1, overlapSeconds: 0 },
    ...{ byteStart: 0, byteEnd: 32_000, sha256: '0'.repeat(64) },
  }));
  const decoding = DecodingOptions.parse({ language: 'en' });
  return BatchInvocation.parse({
    ...{ kind: 'batch', bucket: 'b', jobId: `${first}`, index: 0, model: 'fake', decoding, segments },
  });
}

const request = fc.record({
  segments: fc.integer({ min: 1, max: 3 }),
  fault: fc.constantFrom('none', 'none', 'none', 'is given up', 'cannot be read'),
});
const fault = fc.constantFrom('none', 'none', 'none', 'out-of-memory', 'internal');

it('hears the sound of each request that stays, whatever is given up, fails, runs out of memory or comes first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      fc.array(fault, { maxLength: 10 }),
      async (scheduler, requests, faults) => {
        const pool = createSoundPool();
        const unreadable = new Set<number>();
        const thread: SoundThread = {
          async read(_jobId, { index }, into) {
            const pcm = into.subarray(0, 16_000);
            pcm[0] = -1;
            await scheduler.schedule(Promise.resolve());
            if (unreadable.has(index)) throw new MurmurationError('store-unavailable', 'no');
            pcm[0] = index;
            return pcm;
          },
          ...{ busy: () => 0, close: async () => undefined },
        };
        const { transcribe, ...fake } = fakeEngine();
        const engine: Engine = {
          ...fake,
          async transcribe(segments, ...given) {
            const next = faults.pop() ?? 'none';
            await scheduler.schedule(Promise.resolve());
            if (next !== 'none') throw new MurmurationError(next as 'internal', next);
            // What lies there when the device is done
            return transcribe(segments, ...given);
          },
        };
        const policy = { ...defaultPolicy, gatherMilliseconds: 0 };
        const device = deviceOf(holdingEngine(engine, pool), { mostSegments: 4 });
        const batcher = createBatcher([device], policy, { observer: silentObserver });
        const ports = {
          engineFor: (tenant: string) => batchingEngine(batcher, engine, tenant),
          readSound: createSoundSource([thread], pool),
          ...{ bucket: 'b', cache: undefined },
        };
        const answers = requests.map(async ({ segments, fault }, place) => {
          const [first, gone] = [10 * place, new AbortController()];
          await scheduler.schedule(Promise.resolve());
          if (fault === 'cannot be read') unreadable.add(first);
          if (fault === 'is given up') scheduler.schedule(Promise.resolve()).then(() => gone.abort());
          const invocation = invocationOf(first, segments);
          const answer = answerInvocation(invocation, 'r', ports, gone.signal);
          const heard = await answer.catch(({ code }: MurmurationError) => code);
          if (typeof heard === 'string') return;
          expect(heard.transcripts.map(({ text }) => text)).toEqual(
            invocation.segments.map(({ index }) => `${index}`),
          );
        });
        await scheduler.waitFor(Promise.all(answers));
        await scheduler.waitAll();
        await expect.poll(pool.held).toBe(0);
        // What was let go twice would be given out twice
        const buffers = Array.from({ length: 30 }, () => pool.take().pcm.buffer);
        expect(new Set(buffers).size).toBe(30);
      },
    ),
  );
});
