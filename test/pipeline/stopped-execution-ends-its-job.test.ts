import { runStep } from '@murmuration/pipeline/pipeline';
import type { Decoder } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';
import { stoppedExecution } from '../../functions/aggregator/stopped-execution.ts';
import { portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

/** As EventBridge tells it. */
const eventOf = (status: string, input: object) => ({
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  detail: { name: 'any', status, input: JSON.stringify(input), output: null },
});

/** As the aggregator's door does. */
async function stop(status: string, upload: object, ports: ReturnType<typeof portsInMemory>['ports']) {
  const answer = await runStep(['execution-stopped'], stoppedExecution(eventOf(status, upload)), ports);
  return answer.kind === 'job-failed' ? runStep(['job-failed'], answer, ports) : answer;
}

const ofSource = 'transcripts/uploads/a.wav.status.json';

describe('an execution that was stopped', () => {
  it.each([
    ['by hand', 'ABORTED', 'aborted'],
    ['by its time limit', 'TIMED_OUT', 'internal'],
  ])('%s fails its job, once', async (_, status, code) => {
    const { ports, upload, json, counted } = portsInMemory();
    const uploaded = await upload('uploads/a.wav', '1 2');
    const { jobId } = (await runStep(['media-uploaded'], uploaded, ports)) as { jobId: string };
    expect(await stop(status, uploaded, ports)).toMatchObject({ state: 'failed', jobId, code });
    expect(await json(ofSource)).toMatchObject({ state: 'failed', jobId, code });
    expect(await json(`jobs/${jobId}/status.json`)).toMatchObject({ state: 'failed' });
    expect(await stop(status, uploaded, ports)).toEqual({ kind: 'job-untouched' });
    expect(counted.filter(([name]) => name === 'JobsFailed')).toHaveLength(1);
  });

  it('since its owner removed the job tells nobody', async () => {
    const { ports, store, upload, json } = portsInMemory();
    const uploaded = await upload('uploads/a.wav', '1 2');
    const { jobId } = (await runStep(['media-uploaded'], uploaded, ports)) as { jobId: string };
    await store.write(`removed/${jobId}.json`, '{}');
    expect(await stop('ABORTED', uploaded, ports)).toEqual({ kind: 'job-untouched' });
    expect(await json(ofSource)).toMatchObject({ state: 'transcribing' });
  });

  it('while it was split, too', async () => {
    const { ports, store, upload, json } = portsInMemory();
    const uploaded = await upload('uploads/a.wav', '1 2');
    // What it was when the decoder was asked
    let splitting: unknown;
    const decode = async () => {
      splitting = await json(ofSource);
      throw new Error('it is stopped here');
    };
    await runStep(['media-uploaded'], uploaded, {
      ...ports,
      decoder: { decode, decodeChannels: decode },
    }).catch(() => undefined);
    await store.write(ofSource, JSON.stringify(splitting));
    expect(await stop('ABORTED', uploaded, ports)).toMatchObject({ state: 'failed', code: 'aborted' });
    await store.write(ofSource, JSON.stringify(splitting));
    expect(await stop('FAILED', { ...uploaded, etag: 'older' }, ports)).toEqual({ kind: 'job-untouched' });
  });

  it('stays failed where the splitter was at work, which goes on', async () => {
    const { ports, upload, json } = portsInMemory();
    const uploaded = await upload('uploads/a.wav', '1 2');
    const decoder: Decoder = {
      ...ports.decoder,
      async decode(...asked) {
        expect(await stop('ABORTED', uploaded, ports)).toMatchObject({ state: 'failed' });
        return ports.decoder.decode(...asked);
      },
    };
    await runStep(['media-uploaded'], uploaded, { ...ports, decoder });
    expect(await json(ofSource)).toMatchObject({ state: 'failed', code: 'aborted' });
    // Begun again, it is done
    expect(await runJob(uploaded, { ports })).toMatchObject({ state: 'done' });
  });

  it('leaves alone what had ended, what is another upload by now, and what is gone', async () => {
    const { ports, upload, json } = portsInMemory();
    const uploaded = await upload('uploads/a.wav', '1 2');
    expect(await stop('ABORTED', uploaded, ports)).toEqual({ kind: 'job-untouched' });
    await runJob(uploaded, { ports });
    expect(await stop('ABORTED', uploaded, ports)).toEqual({ kind: 'job-untouched' });
    expect(await json(ofSource)).toMatchObject({ state: 'done' });
    const newer = await upload('uploads/a.wav', '3');
    await runStep(['media-uploaded'], newer, ports);
    expect(await stop('FAILED', uploaded, ports)).toEqual({ kind: 'job-untouched' });
    expect(await json(ofSource)).toMatchObject({ state: 'transcribing' });
  });

  it('is no message of the state machine', () => {
    expect(stoppedExecution({ kind: 'plan-transcribed', jobId: 'a' })).toBeUndefined();
    expect(stoppedExecution(eventOf('SUCCEEDED', {}))).toBeUndefined();
  });
});
