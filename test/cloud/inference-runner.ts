import { setTimeout as wait } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { AwsAccess } from './aws-access.ts';
import type { EndpointFault } from './endpoint-fault.ts';
import type { RecordedEndpoint } from './recorded-endpoint.ts';

/** An asynchronous inference that was accepted. */
export interface Invocation {
  readonly endpointName: string;
  readonly endpoint: RecordedEndpoint;
  readonly inferenceId: string;
  /** Where its body is, if it did not come along. */
  readonly inputLocation: string | undefined;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly timeoutSeconds: number;
  /** Where the answer goes, `s3://bucket/key`. */
  readonly outputLocation: string;
  readonly failureLocation: string;
}

interface Answer {
  readonly contentType: string;
  readonly body: Buffer;
  /** Undefined for success. */
  readonly failureReason?: string;
}

/** Runs inferences as SageMaker does: HTTP to the container, the answer to S3, word of it by SNS. */
export function inferenceRunner({ container, aws }: { container: string; aws: AwsAccess }) {
  const s3 = new S3Client(aws);
  const sns = new SNSClient(aws);
  const inTurn = queueOfOneInstance();

  return async (invocation: Invocation, fault: EndpointFault): Promise<void> => {
    if (fault.kind === 'silent') return;
    const receivedTime = new Date().toISOString();
    const { endpoint, inputLocation } = invocation;
    const body = inputLocation ? await read(inputLocation) : invocation.body;
    const answer = await inTurn(endpoint.concurrency, () => infer({ ...invocation, body }, fault));
    const failed = answer.failureReason !== undefined;
    const location = failed ? invocation.failureLocation : invocation.outputLocation;
    await s3.send(
      new PutObjectCommand({ ...placeOf(location), Body: answer.body, ContentType: answer.contentType }),
    );
    const TopicArn = failed ? endpoint.errorTopic : endpoint.successTopic;
    const Message = JSON.stringify(noticeOf(invocation, answer, receivedTime));
    const times = fault.kind === 'duplicate' ? 2 : 1;
    for (let time = 0; time < times; time++) await sns.send(new PublishCommand({ TopicArn, Message }));
  };

  async function infer(invocation: Invocation, fault: EndpointFault): Promise<Answer> {
    if (fault.kind === 'slow') await wait(fault.seconds * 1000, undefined, { ref: false });
    if (fault.kind === 'garbage') {
      return { contentType: 'application/json', body: Buffer.from('{"no": "result"') };
    }
    if (fault.kind === 'failing') return failure(500, 'CUDA error 700: an illegal memory access');
    try {
      const response = await fetch(`${container}/invocations`, {
        method: 'POST',
        headers: {
          'content-type': invocation.contentType,
          'x-amzn-sagemaker-inference-id': invocation.inferenceId,
        },
        body: Buffer.from(invocation.body),
        signal: AbortSignal.timeout(invocation.timeoutSeconds * 1000),
      });
      const body = Buffer.from(await response.arrayBuffer());
      if (!response.ok) return failure(response.status, body.toString());
      return { contentType: response.headers.get('content-type') ?? 'application/octet-stream', body };
    } catch (error) {
      return failure(500, String(error));
    }
  }

  async function read(location: string): Promise<Uint8Array> {
    const object = await s3.send(new GetObjectCommand(placeOf(location)));
    return object.Body!.transformToByteArray();
  }
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html */
function noticeOf(invocation: Invocation, answer: Answer, receivedTime: string) {
  const { endpointName, contentType, inputLocation, inferenceId } = invocation;
  const failed = answer.failureReason !== undefined;
  return {
    awsRegion: 'us-east-1',
    eventTime: new Date().toISOString(),
    receivedTime,
    invocationStatus: failed ? 'Failed' : 'Completed',
    ...(failed && { failureReason: answer.failureReason }),
    requestParameters: { endpointName, contentType, ...(inputLocation && { inputLocation }) },
    responseParameters: {
      contentType: answer.contentType,
      outputLocation: failed ? invocation.failureLocation : invocation.outputLocation,
    },
    inferenceId,
    eventVersion: '1.0',
    eventSource: 'aws:sagemaker',
    eventName: 'InferenceResult',
  };
}

function failure(status: number, text: string): Answer {
  const kind = status < 500 ? 'client' : 'server';
  const failureReason = `ClientError: Received ${kind} error (${status}) from primary with message "${text.slice(0, 500)}"`;
  return { failureReason, contentType: 'application/json', body: Buffer.from(text) };
}

/** The endpoint has one instance, which takes so many requests at a time. */
function queueOfOneInstance() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(concurrency: number, work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

function placeOf(location: string): { Bucket: string; Key: string } {
  const { hostname, pathname } = new URL(location);
  return { Bucket: hostname, Key: pathname.slice(1) };
}
