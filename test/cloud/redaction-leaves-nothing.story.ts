import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { get, logged, put, text, transcribe, uploadKey } from './kit.ts';
import { speech } from './speech.ts';

/** Puts a card number where none was said, so that there is one to redact; the rules do not spell the word. */
const edits = {
  replace: [{ regex: 'Ameri[c]ans', with: '4111 1111 1111 1111' }],
  redact: ['card'],
};
const PRIVATE = /Americans|4111/;

it('delivers what is redacted, and leaves nothing else of it: in no batch, no report, no log', async () => {
  const name = 'redacted/jfk.flac';
  await put(keys.options(uploadKey(name)), JSON.stringify({ edits }));
  const { status } = await transcribe(name, speech());
  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 1, cpu: 0 } });

  for (const output of Object.values(status.outputs!)) {
    const delivered = await text(output);
    expect(delivered).toContain('[card]');
    expect(delivered).not.toMatch(PRIVATE);
  }
  const { jobId } = status;
  for (const key of [keys.batchResult(jobId, 0, 'gpu'), keys.report(jobId), keys.status(jobId)]) {
    expect(String(await get(key))).not.toMatch(PRIVATE);
  }
  expect(JSON.parse(await text(keys.batchResult(jobId, 0, 'gpu')))).toEqual({});
  expect(await logged('4111 1111 1111 1111')).toEqual([]);
});
