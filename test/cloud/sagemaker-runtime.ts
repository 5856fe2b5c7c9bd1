import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { AwsAccess } from './aws-access.ts';
import type { EndpointFault } from './endpoint-fault.ts';
import { inferenceRunner } from './inference-runner.ts';
import { recordedEndpoint } from './recorded-endpoint.ts';
import { type LoopbackServer, serveOnLoopback } from './serve-on-loopback.ts';

// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
const INLINE_LIMIT_BYTES = 128_000;
const REQUEST_TTL_SECONDS = { least: 60, most: 21_600 };

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
  readonly aws: AwsAccess;
}

/** Stands in for the runtime of asynchronous endpoints: what the deployed template says of them is what holds. */
export async function startSageMakerRuntime(options: SageMakerRuntimeOptions): Promise<SageMakerRuntime> {
  const run = inferenceRunner(options);
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
    if (body.length > INLINE_LIMIT_BYTES) {
      return refuse(400, 'ValidationError', `Body has ${body.length} bytes, over ${INLINE_LIMIT_BYTES}`);
    }
    const ttlSeconds = Number(header('requestttlseconds') ?? REQUEST_TTL_SECONDS.most);
    const { least, most } = REQUEST_TTL_SECONDS;
    // Written so that it refuses what is no number
    if (!(ttlSeconds >= least && ttlSeconds <= most)) {
      return refuse(
        400,
        'ValidationError',
        `RequestTTLSeconds is ${ttlSeconds}, not from ${least} to ${most}`,
      );
    }
    if (body.length > 0 === (inputLocation !== undefined)) {
      return refuse(400, 'ValidationError', 'Provide exactly one of Body and InputLocation');
    }

    const inferenceId = header('inference-id') ?? randomUUID();
    accepted.push(inferenceId);
    const extension = header('s3outputpathextension');
    const folder = [withoutSlash(endpoint.outputPath), ...(extension === undefined ? [] : [extension])].join(
      '/',
    );
    const invocation = {
      endpointName,
      endpoint,
      inferenceId,
      inputLocation,
      contentType: header('content-type') ?? 'application/octet-stream',
      body,
      timeoutSeconds: Number(header('invocationtimeoutseconds') ?? 900),
      outputLocation: `${folder}/${randomUUID()}.out`,
      failureLocation: `${withoutSlash(endpoint.failurePath)}/${randomUUID()}-error.out`,
    };
    run(invocation, fault).catch(console.error);
    return c.json({ InferenceId: inferenceId }, 202, {
      'X-Amzn-SageMaker-OutputLocation': invocation.outputLocation,
      'X-Amzn-SageMaker-FailureLocation': invocation.failureLocation,
    });
  });

  const server = await serveOnLoopback(app);
  return {
    ...server,
    accepted,
    misbehave: (next) => {
      fault = next;
    },
  };
}

const withoutSlash = (path: string) => path.replace(/\/$/, '');
