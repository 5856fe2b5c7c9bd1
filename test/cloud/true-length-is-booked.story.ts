import { setTimeout as wait } from 'node:timers/promises';
import { ListExecutionsCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { budgetLeft, callApi, endedJob } from './call-api.ts';
import { createApiKey, ownerOf } from './create-api-key.ts';
import { misbehave, outputs, put, twin } from './kit.ts';
import { speech } from './speech.ts';

/** Speech of 11 s whose header says that it has one. */
function understated(): Buffer {
  const media = Buffer.from(speech());
  // Of STREAMINFO: 20 bits of rate, 8 of channels and depth, 36 of how many samples there are
  const facts = media.readBigUInt64BE(18);
  const sampleRate = facts >> 44n;
  media.writeBigUInt64BE((facts & ~0xf_ffff_ffffn) | sampleRate, 18);
  return media;
}

/** A job of this recording. */
async function jobOf(key: string, media: Buffer, options: object = {}) {
  const s3_key = `uploads/owners/${ownerOf(key)}/talk`;
  await put(s3_key, media);
  return callApi(key, '/v1/jobs', { body: { s3_key, ...options } });
}

describe('the budget of a key', () => {
  it('pays for what was heard, whatever the header says, and then refuses', async () => {
    const key = await createApiKey({ budgetSeconds: 5 });
    const begun = await jobOf(key, understated());
    expect(begun.status, begun.text).toBe(202);
    // Nobody asks how the job stands: that alone would book it
    while ((await budgetLeft(key)) !== 0) await wait(200);
    expect((await endedJob(key, begun)).state).toBe('done');
    const second = await jobOf(key, understated());
    expect([second.status, JSON.parse(second.text).error.code]).toEqual([429, 'insufficient_quota']);
  });

  it('has back what a job held that was stopped by hand, which fails', async () => {
    await misbehave({ kind: 'silent' });
    const key = await createApiKey({ budgetSeconds: 15 });
    const begun = await jobOf(key, speech());
    const { id } = JSON.parse(begun.text);
    expect(await budgetLeft(key)).toBeCloseTo(4);
    const steps = new SFNClient(awsAccess(twin.endpoint));
    const asked = new ListExecutionsCommand({ stateMachineArn: outputs.stateMachine });
    while (JSON.parse((await callApi(key, `/v1/jobs/${id}`)).text).state === 'queued') await wait(200);
    const { executions = [] } = await steps.send(asked);
    const { executionArn } = executions.find(({ name }) => name!.startsWith(id))!;
    await steps.send(new StopExecutionCommand({ executionArn }));
    while ((await budgetLeft(key)) !== 15) await wait(200);
    expect(await endedJob(key, begun)).toMatchObject({ state: 'failed', error: { code: 'aborted' } });
  });
});
