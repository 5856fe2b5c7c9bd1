import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { ended, get, logged, put, statusOf, uploadKey } from './kit.ts';

it('fails once, with a reason that a person understands, for what is no recording', async () => {
  const key = uploadKey('corrupt/notes.mp3');
  await put(key, 'Dear diary, this is no music. '.repeat(400));
  const executions = await ended(key);

  expect(executions.map(({ status }) => status)).toEqual(['FAILED']);
  const status = await statusOf(key);
  expect(status).toMatchObject({ state: 'failed', sourceKey: key, code: expect.stringMatching(/^[a-z-]+$/) });
  expect(status.reason).toMatch(/notes\.mp3|recording|media|audio/);
  expect(await get(keys.transcript(key, 'json'))).toBeUndefined();
  // Logs name jobs, never recordings
  const splits = (await logged(status.jobId)).filter((line) => line.includes('"service":"splitter"'));
  expect(splits).toHaveLength(1);
});
