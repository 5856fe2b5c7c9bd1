import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

/** As S3 does; umlauts have two bytes. */
function strictPorts() {
  const memory = portsInMemory();
  const check = (key: string) => {
    if (Buffer.byteLength(key) > 1024) throw new Error('KeyTooLongError');
  };
  const store: typeof memory.store = {
    ...memory.store,
    async write(key, ...rest) {
      check(key);
      return memory.store.write(key, ...rest);
    },
    async read(key, ...rest) {
      check(key);
      return memory.store.read(key, ...rest);
    },
  };
  return { ...memory, ports: { ...memory.ports, store } };
}

const named = (bytes: number) => `uploads/${'ü'.repeat((bytes - 8) / 2)}`;

it('transcribes a recording under the longest name that leaves room for its transcripts', async () => {
  const { ports, upload } = strictPorts();
  const end = await runJob(await upload(named(1000), '1 2'), { ports });
  expect(end).toMatchObject({ kind: 'transcript-ready', state: 'done' });
});

it('says in the job’s own status alone that a name is too long', async () => {
  const { ports, store, counted, upload, json } = strictPorts();
  const key = named(1002);
  const end = await runJob(await upload(key, '1 2'), { ports });
  const reason =
    "the recording's key has 1002 bytes, and those of its transcripts would be too long for S3: upload it under one of at most 1000 bytes";
  expect(end).toMatchObject({ kind: 'job-failed', code: 'invalid-argument', reason });
  expect(await json(`jobs/${end.jobId}/status.json`)).toMatchObject({ state: 'failed', reason });
  expect(store.keys()).toEqual([`jobs/${end.jobId}/status.json`, key]);
  expect(counted).toContainEqual(['JobsFailed', 1]);
});

it('tells nobody of a recording beside which no address can lie', async () => {
  const { ports } = strictPorts();
  const about = { kind: 'job-failed', jobId: 'a', sourceKey: named(1024), state: 'failed' };
  const event = { ...about, code: 'invalid-argument', reason: 'too long' };
  const told = await runStep(['webhook-due'], { kind: 'webhook-due', event, attempt: 1 }, ports);
  expect(told).toEqual({ kind: 'webhook-unwanted', jobId: 'a' });
});
