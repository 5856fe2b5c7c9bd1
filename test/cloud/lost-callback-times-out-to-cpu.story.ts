import { expect, it } from 'vitest';
import { acceptedInferences, misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('stops to wait for a callback that was lost, and transcribes on the CPU lane', async () => {
  await misbehave({ kind: 'silent' });
  const { status, transcript, report } = await transcribe('lost-callback/jfk.flac', speech());

  expect(await acceptedInferences(status.jobId)).toHaveLength(1);
  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 } });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  const failure = { lane: 'gpu', code: 'States.Timeout', reason: expect.stringMatching(/longer/) };
  expect(report.batches).toMatchObject([{ lane: 'cpu', failures: [failure] }]);
});
