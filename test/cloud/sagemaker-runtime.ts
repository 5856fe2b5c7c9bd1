import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { Hono } from 'hono';
import type { AwsAccess } from './aws-access.ts';
import type { EndpointFault } from './endpoint-fault.ts';
import { type RecordedEndpoint, recordedEndpoint } from './recorded-endpoint.ts';
import { type LoopbackServer, serveOnLoopback } from './serve-on-loopback.ts';

// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
const inlineLimitBytes = 128_000;

export interface SageMakerRuntime extends LoopbackServer {
  /** Holds for invocations from now on. */
  misbehave(fault: EndpointFault): void;
  /** Ids of all inferences that were accepted, in order. */
  readonly accepted: readonly string[];
}

export interface SageMakerRuntimeOptions {
  /** Where the container of the endpoint listens. */
  readonly container: string;
  /** File of the resources that the local AWS only recorded. */
  readonly recordedResources: string;
  /** How AWS clients reach the local AWS. */
  readonly aws: AwsAccess;
}

interface Invocation {
  readonly endpointName: string;
  readonly inferenceId: string;
  readonly inputLocation: string | undefined;
  readonly contentType: string;
  readonly customAttributes: string | undefined;
  readonly body: Uint8Array;
  readonly timeoutSeconds: number;
}

/** The runtime of asynchronous endpoints: real HTTP to the container, real objects in S3, real messages by SNS. */
export async function startSageMakerRuntime(options: SageMakerRuntimeOptions): Promise<SageMakerRuntime> {
  const s3 = new S3Client(options.aws);
  const sns = new SNSClient(options.aws);
  const accepted: string[] = [];
  let fault: EndpointFault = { kind: 'none' };

  const app = new Hono();
  app.post('/endpoints/:name/async-invocations', async (c) => {
    const refuse = (status: 400 | 429, code: string, message: string) =>
      c.json({ Code: code, Message: message }, status, { 'x-amzn-ErrorType': code });
    const header = (name: string) => c.req.header(`x-amzn-sagemaker-${name}`);
    const endpointName = c.req.param('name');
    const endpoint = await recordedEndpoint(options.recordedResources, endpointName);
    if (!endpoint || fault.kind === 'absent') {
      return refuse(400, 'ValidationError', `Endpoint ${endpointName} of account 000000000000 not found.`);
    }
    if (fault.kind === 'throttled') return refuse(429, 'ThrottlingException', 'Rate exceeded');
    const inputLocation = header('inputlocation');
    const body = new Uint8Array(await c.req.arrayBuffer());
    if (body.length > inlineLimitBytes) {
      return refuse(400, 'ValidationError', `Body of ${body.length} bytes is over ${inlineLimitBytes}`);
    }
    if (body.length > 0 === (inputLocation !== undefined)) {
      return refuse(400, 'ValidationError', 'Provide exactly one of Body and InputLocation');
    }
    const inferenceId = header('inference-id') ?? randomUUID();
    accepted.push(inferenceId);
    const outputLocation = `${withoutSlash(endpoint.outputPath)}/${randomUUID()}.out`;
    const failureLocation = `${withoutSlash(endpoint.failurePath)}/${randomUUID()}-error.out`;
    const invocation = {
      endpointName,
      inferenceId,
      inputLocation,
      contentType: header('content-type') ?? 'application/octet-stream',
      customAttributes: header('custom-attributes'),
      body: inputLocation ? await read(inputLocation) : body,
      timeoutSeconds: Number(header('invocationtimeoutseconds') ?? 900),
    };
    process_(invocation, endpoint, outputLocation, failureLocation, fault).catch(console.error);
    return c.json({ InferenceId: inferenceId }, 202, {
      'X-Amzn-SageMaker-OutputLocation': outputLocation,
      'X-Amzn-SageMaker-FailureLocation': failureLocation,
    });
  });

  async function process_(
    invocation: Invocation,
    endpoint: RecordedEndpoint,
    outputLocation: string,
    failureLocation: string,
    fault: EndpointFault,
  ): Promise<void> {
    if (fault.kind === 'silent') return;
    const receivedTime = new Date().toISOString();
    const answer = await inTurn(endpoint.concurrency, () => infer(invocation, fault));
    const message = {
      awsRegion: 'us-east-1',
      eventTime: new Date().toISOString(),
      receivedTime,
      invocationStatus: answer.ok ? 'Completed' : 'Failed',
      ...(answer.ok ? {} : { failureReason: answer.reason }),
      requestParameters: {
        contentType: invocation.contentType,
        endpointName: invocation.endpointName,
        ...(invocation.inputLocation && { inputLocation: invocation.inputLocation }),
        ...(invocation.customAttributes && { customAttributes: invocation.customAttributes }),
      },
      responseParameters: {
        contentType: answer.contentType,
        outputLocation: answer.ok ? outputLocation : failureLocation,
      },
      inferenceId: invocation.inferenceId,
      eventVersion: '1.0',
      eventSource: 'aws:sagemaker',
      eventName: 'InferenceResult',
    };
    await write(answer.ok ? outputLocation : failureLocation, answer.body, answer.contentType);
    const TopicArn = answer.ok ? endpoint.successTopic : endpoint.errorTopic;
    const publish = () => sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify(message) }));
    await publish();
    if (fault.kind === 'duplicate') await publish();
  }

  async function infer(invocation: Invocation, fault: EndpointFault) {
    if (fault.kind === 'slow') await wait(fault.seconds * 1000, undefined, { ref: false });
    if (fault.kind === 'garbage') {
      return { ok: true, reason: '', contentType: 'application/json', body: Buffer.from('{"no": "result"') };
    }
    if (fault.kind === 'failing') return serverError(500, 'CUDA error 700: an illegal memory access');
    try {
      const response = await fetch(`${options.container}/invocations`, {
        method: 'POST',
        headers: {
          'content-type': invocation.contentType,
          'x-amzn-sagemaker-inference-id': invocation.inferenceId,
        },
        body: Buffer.from(invocation.body),
        signal: AbortSignal.timeout(invocation.timeoutSeconds * 1000),
      });
      const body = Buffer.from(await response.arrayBuffer());
      if (!response.ok) return serverError(response.status, body.toString());
      const contentType = response.headers.get('content-type') ?? 'application/octet-stream';
      return { ok: true, reason: '', contentType, body };
    } catch (error) {
      return serverError(500, String(error));
    }
  }

  // The endpoint has one instance, which takes so many requests at a time.
  let running = 0;
  const queue: (() => void)[] = [];
  async function inTurn<T>(concurrency: number, work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) await new Promise<void>((resolve) => queue.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      queue.shift()?.();
    }
  }

  async function read(location: string): Promise<Uint8Array> {
    const object = await s3.send(new GetObjectCommand(bucketAndKey(location)));
    return object.Body!.transformToByteArray();
  }
  async function write(location: string, Body: Buffer, ContentType: string): Promise<void> {
    await s3.send(new PutObjectCommand({ ...bucketAndKey(location), Body, ContentType }));
  }

  const server = await serveOnLoopback(app);
  return {
    ...server,
    accepted,
    misbehave: (next) => {
      fault = next;
    },
  };
}

function serverError(status: number, text: string) {
  const kind = status < 500 ? 'client' : 'server';
  const reason = `ClientError: Received ${kind} error (${status}) from primary with message "${text.slice(0, 500)}"`;
  return { ok: false, reason, contentType: 'application/json', body: Buffer.from(text) };
}

function bucketAndKey(location: string): { Bucket: string; Key: string } {
  const { hostname, pathname } = new URL(location);
  return { Bucket: hostname, Key: pathname.slice(1) };
}

const withoutSlash = (path: string) => path.replace(/\/$/, '');
