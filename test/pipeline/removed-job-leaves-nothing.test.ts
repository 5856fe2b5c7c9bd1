import { unlessRemoved } from '@murmuration/pipeline/jobs/unless-removed';
import { keys } from '@murmuration/pipeline/keys';
import { runStep } from '@murmuration/pipeline/pipeline';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

/** A machine that tells of each object before it is written, with its key. */
function machine(onWrite: (key: string, store: ObjectStore) => Promise<void>) {
  const made = portsInMemory();
  const store: ObjectStore = {
    ...made.store,
    async write(key, body, options) {
      await onWrite(key, made.store);
      await made.store.write(key, body, options);
    },
    async writeStream(key, parts) {
      async function* told() {
        yield* parts;
        await onWrite(key, made.store);
      }
      await made.store.writeStream(key, told());
    },
  };
  return { ...made, ports: { ...made.ports, store } };
}

const levels = '1 2 3 4';
const jobOf = (key: string) => /^jobs\/([^/]+)\//.exec(key)?.[1];

describe('a job that is removed while it goes on', () => {
  it.each(['status.json', 'audio.mix.s16le', 'plan.json', 'attempt-cpu.json', 'report.json'])(
    'has nothing written of it after that, if it was at %s',
    async (name) => {
      let removedAt: number | undefined;
      const written: string[] = [];
      const { ports, upload } = machine(async (key, store) => {
        written.push(key);
        const jobId = jobOf(key);
        if (!key.endsWith(name) || jobId === undefined || removedAt !== undefined) return;
        removedAt = written.length;
        await store.write(keys.removed(jobId), '{}');
      });
      await runJob(await upload('uploads/a.wav', levels), { ports }).catch(() => undefined);
      expect(removedAt).toBeDefined();
      const after = written.slice(removedAt).filter((key) => jobOf(key) || key.startsWith('transcripts/'));
      // Its end may be told where nobody knew its id yet
      expect(after.filter((key) => !key.includes('status.json'))).toEqual([]);
    },
  );

  it('takes no answer of the endpoint any more', async () => {
    const { ports, upload, store } = portsInMemory();
    const engine = numberEngine();
    const working = workingGpu(store, engine);
    const late: unknown[] = [];
    const gpu: Gpu = async (request) => {
      const finished = await working(request);
      await store.write(keys.removed(request.batch.jobId), '{}');
      late.push(await runStep(['inference-finished'], finished, ports));
      return finished;
    };
    await runJob(await upload('uploads/a.wav', levels), { ports, gpu }).catch(() => undefined);
    expect(late).toMatchObject([{ kind: 'inference-unknown' }]);
    expect(store.keys().filter((key) => /attempt|failure|transcripts\/.*txt/.test(key))).toEqual([]);
  });
});

describe('a store of a job that was removed', () => {
  it('stops a long stream on its way, and leaves nothing of it', async () => {
    const { store } = portsInMemory();
    let sent = 0;
    async function* parts() {
      for (; sent < 100; sent++) {
        if (sent === 10) await store.write(keys.removed('j'), '{}');
        yield new Uint8Array(8 << 20);
      }
    }
    await expect(unlessRemoved(store, 'j').writeStream('jobs/j/audio', parts())).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(sent).toBeLessThan(20);
    expect(store.keys()).toEqual([keys.removed('j')]);
  });
});
