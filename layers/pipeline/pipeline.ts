import type { z } from 'zod';
import { MediaUploaded } from './contract/job.ts';
import {
  BatchForCpu,
  BatchOffered,
  ExecutionStopped,
  InferenceFinished,
  JobFailed,
  PlanTranscribed,
  Window,
  WindowsCut,
} from './contract/messages.ts';
import { WebhookDue } from './contract/webhook-messages.ts';
import { MurmurationError } from './errors.ts';
import { jobOfMessage } from './jobs/job-of-message.ts';
import { unlessRemoved } from './jobs/unless-removed.ts';
import type { ObjectStore } from './ports.ts';
import { cutWindow } from './steps/cut-window.ts';
import { deliverWebhook } from './steps/deliver-webhook.ts';
import { dispatchBatch } from './steps/dispatch-batch.ts';
import { endStopped } from './steps/end-stopped.ts';
import { failJob } from './steps/fail-job.ts';
import { finishInference } from './steps/finish-inference.ts';
import { joinWindows } from './steps/join-windows.ts';
import { mergeBatches } from './steps/merge-batches.ts';
import { splitRecording } from './steps/split-recording.ts';
import { transcribeBatch } from './steps/transcribe-batch.ts';

/** Every step, by the kind of message it takes. The state machine, the local runner and the tests drive this one table. */
export const pipeline = {
  'media-uploaded': { message: MediaUploaded, run: splitRecording },
  window: { message: Window, run: cutWindow },
  'windows-cut': { message: WindowsCut, run: joinWindows },
  'batch-offered': { message: BatchOffered, run: dispatchBatch },
  'inference-finished': { message: InferenceFinished, run: finishInference },
  batch: { message: BatchForCpu, run: transcribeBatch },
  'plan-transcribed': { message: PlanTranscribed, run: mergeBatches },
  'job-failed': { message: JobFailed, run: failJob },
  'execution-stopped': { message: ExecutionStopped, run: endStopped },
  'webhook-due': { message: WebhookDue, run: deliverWebhook },
} as const;

type Pipeline = typeof pipeline;
export type StepKind = keyof Pipeline;

/** What all of these steps need. */
export type PortsOf<Kind extends StepKind> = {
  [K in Kind]: (ports: Parameters<Pipeline[K]['run']>[1]) => void;
}[Kind] extends (ports: infer Ports) => void
  ? Ports
  : never;

/** Everything one of these steps may answer. */
export type AnswerOf<Kind extends StepKind> = Awaited<ReturnType<Pipeline[Kind]['run']>>;

/**
 * Takes a message, which must be of one of `kinds`, through its step; answers what is to be sent on. Throws
 * `invalid-argument` where it is no such message, and what the step throws: that is worth another try.
 */
export async function runStep<const Kind extends StepKind>(
  kinds: readonly Kind[],
  message: unknown,
  ports: PortsOf<Kind>,
): Promise<AnswerOf<Kind>> {
  const kind = kinds.find((known) => known === (message as { kind?: unknown } | undefined)?.kind);
  if (kind === undefined) throw wrongMessage(`kind must be one of ${kinds.join(', ')}`);
  const step: { message: z.ZodType; run: (message: never, ports: never) => Promise<unknown> } =
    pipeline[kind];
  const parsed = step.message.safeParse(message);
  if (!parsed.success) {
    throw wrongMessage(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || kind}: ${issue.message}`).join('; '),
    );
  }
  return (await step.run(parsed.data as never, portsFor(message, ports) as never)) as AnswerOf<Kind>;
}

/** A message that names its job writes nothing once that was removed; an upload has no job yet. */
function portsFor(message: unknown, ports: unknown): unknown {
  const jobId = jobOfMessage(message);
  const { store } = ports as { store?: ObjectStore };
  return jobId === undefined || !store ? ports : { ...(ports as object), store: unlessRemoved(store, jobId) };
}

function wrongMessage(problem: string): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `the message is wrong: ${problem}. see contract/messages.ts`,
  );
}
