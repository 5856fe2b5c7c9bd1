import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Batch } from '@murmuration/pipeline/contract/plan';
import { soundSha256 } from '@murmuration/pipeline/jobs/sound-sha256';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ServiceCall, startFakeS3 } from '../contract/fake-s3.ts';
import { segmentOf } from '../unit/factories/transcript.ts';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

let calls: ServiceCall[] = [];
let answerOf = (_: ServiceCall) => ({ status: 200, body: {} as unknown });
const aws = await startFakeS3((call) => {
  calls.push(call);
  return answerOf(call);
});
afterAll(() => aws.close());
let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  calls = [];
  answerOf = () => ({ status: 200, body: {} });
});

// Doors read their environment when they are loaded
Object.assign(process.env, {
  AWS_ENDPOINT_URL: aws.url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_MAX_ATTEMPTS: '1',
  POWERTOOLS_DEV: 'false',
  LOG_LEVEL: 'INFO',
  BUCKET: 'kit',
  MODEL_ID: 'whisper-tiny.en-int8',
  MODEL_FOLDER: pathOf('models/artifacts/whisper-tiny.en-int8'),
  ENDPOINT_NAME: 'murmuration',
});
const doors = {
  splitter: await import('../../functions/splitter/main.ts'),
  dispatcher: await import('../../functions/dispatcher/main.ts'),
  callback: await import('../../functions/callback/main.ts'),
  transcribeCpu: await import('../../functions/transcribe-cpu/main.ts'),
  aggregator: await import('../../functions/aggregator/main.ts'),
};

const objectAt = (key: string) => aws.objects.get(`/kit/${key}`);
const jsonAt = (key: string) => JSON.parse(String(objectAt(key)));

const jobId = 'a'.repeat(32);
const batch: Batch = {
  kind: 'batch',
  jobId,
  index: 3,
  model: 'whisper-tiny.en-int8',
  decoding: {
    ...{ language: 'auto', task: 'transcribe', prompt: '', hotwords: [], words: true, shortContext: true },
    ...{ temperatures: [0], compressionRatioThreshold: 2.4, logprobThreshold: -1, noSpeechThreshold: 0.6 },
    seed: 0,
  },
  segments: [
    {
      ...{ index: 0, startSeconds: 0, endSeconds: 1, overlapSeconds: 0 },
      ...{ byteStart: 0, byteEnd: 32_000, sha256: '0'.repeat(64) },
    },
  ],
};

/** As SNS brings SageMaker's word of an inference. */
function notice(inferenceId: string, outcome: object) {
  const message = { awsRegion: 'us-east-1', eventName: 'InferenceResult', inferenceId, ...outcome };
  return { Records: [{ EventSource: 'aws:sns', Sns: { Message: JSON.stringify(message) } }] };
}

/** What the dispatcher sent to the endpoint, under which id. */
async function dispatched(taskToken: string) {
  await doors.dispatcher.handler({ kind: 'batch-offered', taskToken, batch });
  const call = calls.find(({ target }) => target.startsWith('/endpoints/'))!;
  return { call, inferenceId: String(call.headers['x-amzn-sagemaker-inference-id']) };
}

const completed = (key: string) => ({
  invocationStatus: 'Completed',
  responseParameters: { contentType: 'application/json', outputLocation: `s3://kit/${key}` },
});

describe('the doors', () => {
  it('take an upload of real speech to its transcript, and tell of it', async () => {
    const key = 'uploads/jfk.flac';
    aws.objects.set(`/kit/${key}`, await readFile(pathOf('test/fixtures/audio/jfk.flac')));
    const etag = createHash('md5').update(objectAt(key)!).digest('hex');
    const upload = { kind: 'media-uploaded', key, etag, sizeBytes: objectAt(key)!.length };
    const split = await doors.splitter.handler(upload);
    expect(split).toEqual({ kind: 'plan-ready', jobId: expect.any(String), batches: 1 });
    for (const each of jsonAt(`jobs/${split.jobId}/plan.json`)) {
      expect(await doors.transcribeCpu.handler(each)).toMatchObject({ kind: 'batch-done', lane: 'cpu' });
    }
    const end = await doors.aggregator.handler({ kind: 'plan-transcribed', jobId: split.jobId });
    expect(end).toMatchObject({ kind: 'transcript-ready', state: 'done', durationSeconds: 11 });
    expect(String(objectAt('transcripts/uploads/jfk.flac.txt'))).toMatch(
      /ask not what your country can do for you/,
    );
    const logged = lines.map((line) => JSON.parse(line)).filter(({ service }) => service !== undefined);
    expect(logged.map(({ service, message, jobId }) => [service, message, jobId])).toEqual([
      ['splitter', 'plan-ready', split.jobId],
      ['transcribe-cpu', 'batch-done', split.jobId],
      ['aggregator', 'transcript-ready', split.jobId],
    ]);
    expect(lines.join()).not.toMatch(/jfk|your country/i);
    expect(calls.map(({ target, body }) => [target, body])).toEqual([
      [
        'AWSEvents.PutEvents',
        {
          Entries: [
            {
              Source: 'murmuration',
              DetailType: 'transcript-ready',
              Detail: JSON.stringify(end),
              EventBusName: 'default',
            },
          ],
        },
      ],
    ]);
  });

  it('throw where the bus does not take the end of a job, so that it is told again', async () => {
    const failed = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'busy' }] };
    answerOf = () => ({ status: 200, body: failed });
    const message = { kind: 'job-failed', sourceKey: 'uploads/a.mp3', code: 'internal', reason: 'broke' };
    await expect(doors.aggregator.handler(message)).rejects.toThrow(
      /did not take job-failed: InternalFailure/,
    );
  });

  it('refuse what is no message of theirs', async () => {
    await expect(doors.splitter.handler({ kind: 'batch' })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    await expect(doors.transcribeCpu.handler({ ...batch, segments: [] })).rejects.toThrow(/segments/);
    await expect(doors.callback.handler({})).rejects.toThrow();
  });

  it('send a batch to the endpoint once its token is kept', async () => {
    answerOf = () => {
      expect([...aws.objects.keys()].some((key) => key.includes(`${jobId}/tokens/`))).toBe(true);
      return { status: 202, body: { InferenceId: 'x' } };
    };
    const { call, inferenceId } = await dispatched('token-1');
    expect(call.target).toBe('/endpoints/murmuration/async-invocations');
    expect(call.body).toEqual({ ...batch, bucket: 'kit' });
    expect(call.headers['x-amzn-sagemaker-requestttlseconds']).toBe('900');
    expect(call.headers['x-amzn-sagemaker-s3outputpathextension']).toBe(jobId);
    expect(inferenceId).toMatch(new RegExp(`^${jobId}-3-[0-9a-f]{12}$`));
    expect(jsonAt(`jobs/${jobId}/tokens/${inferenceId}.json`)).toMatchObject({ taskToken: 'token-1' });
  });

  it('throw where the endpoint takes nothing, so that the batch goes on to the CPU lane', async () => {
    answerOf = () => ({ status: 400, body: { message: 'Endpoint murmuration not found.' } });
    await expect(
      doors.dispatcher.handler({ kind: 'batch-offered', taskToken: 't', batch }),
    ).rejects.toThrow();
  });

  it('take the endpoint’s answer to the state that waits', async () => {
    const { inferenceId } = await dispatched('token-2');
    const result = { jobId, index: 3, lane: 'gpu', model: batch.model, transcripts: [segmentOf()] };
    const sound = { cached: 0, soundSha256: soundSha256(batch.segments) };
    const answer = JSON.stringify({ ...result, ...sound, segmentSeconds: [1], engineSeconds: 1 });
    aws.objects.set('/kit/async/out/1.out', Buffer.from(answer));
    calls = [];
    await doors.callback.handler(notice(inferenceId, completed('async/out/1.out')));
    expect(calls).toMatchObject([
      {
        target: 'AWSStepFunctions.SendTaskSuccess',
        body: {
          taskToken: 'token-2',
          output: JSON.stringify({ kind: 'batch-done', jobId, index: 3, lane: 'gpu' }),
        },
      },
    ]);
    expect(String(objectAt(`jobs/${jobId}/batches/3/attempt-gpu.json`))).toBe(answer);
  });

  it('tell the state that waits of a failure', async () => {
    const { inferenceId } = await dispatched('token-3');
    calls = [];
    const failed = { invocationStatus: 'Failed', failureReason: 'ClientError: no memory' };
    await doors.callback.handler(notice(inferenceId, failed));
    expect(calls).toMatchObject([
      {
        target: 'AWSStepFunctions.SendTaskFailure',
        body: { taskToken: 'token-3', error: 'endpoint-failed', cause: 'ClientError: no memory' },
      },
    ]);
  });

  it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
    'let a late or second answer pass: %s',
    async (error) => {
      const { inferenceId } = await dispatched('token-4');
      answerOf = () => ({ status: 400, body: { __type: error, message: 'over' } });
      await doors.callback.handler(notice(inferenceId, { invocationStatus: 'Failed' }));
    },
  );

  it('throw where Step Functions cannot be told, so that SNS brings the answer again', async () => {
    const { inferenceId } = await dispatched('token-5');
    answerOf = () => ({ status: 500, body: { message: 'busy' } });
    await expect(
      doors.callback.handler(notice(inferenceId, { invocationStatus: 'Failed' })),
    ).rejects.toThrow();
  });

  it.each(['someone-elses', `${'b'.repeat(32)}-0-${'0'.repeat(12)}`, '../../../etc/passwd'])(
    'let pass what nobody waits for: %s',
    async (inferenceId) => {
      await doors.callback.handler(notice(inferenceId, completed('async/out/1.out')));
      expect(calls).toEqual([]);
    },
  );
});
