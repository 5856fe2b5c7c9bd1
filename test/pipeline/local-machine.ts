import { randomUUID } from 'node:crypto';
import type {
  BatchForCpu,
  InferenceFinished,
  InferenceRequested,
  JobFailed,
  StateFailure,
} from '@murmuration/pipeline/contract/messages';
import { Batch } from '@murmuration/pipeline/contract/plan';
import { keys } from '@murmuration/pipeline/keys';
import { type AnswerOf, runStep } from '@murmuration/pipeline/pipeline';
import type { PipelinePorts } from '@murmuration/pipeline/pipeline-ports';

/** Answers as SageMaker's notice does; undefined where none came in time. */
export type Gpu = (request: InferenceRequested) => Promise<InferenceFinished | undefined>;

export interface LocalMachine {
  readonly ports: PipelinePorts;
  /** @default none: all goes to the CPU lane */
  readonly gpu?: Gpu | undefined;
}

const CPU_ATTEMPTS = 3;

type JobEnd =
  | Extract<AnswerOf<'media-uploaded'>, { kind: 'already-delivered' }>
  | Extract<AnswerOf<'plan-transcribed'>, { kind: 'transcript-ready' }>
  | AnswerOf<'job-failed'>;

/** Takes an upload through all steps in this process, as the state machine does. Lambda's JSON is between any two of them. */
export async function runJob(upload: { key: string }, machine: LocalMachine): Promise<JobEnd> {
  const { ports } = machine;
  const fail = (message: JobFailed) => runStep(['job-failed'], asJson(message), ports);
  try {
    const split = await runStep(['media-uploaded'], asJson(upload), ports);
    if (split.kind === 'already-delivered') return split;
    if (split.kind === 'job-failed') return await fail(split);
    const { jobId } = split;
    if (split.kind === 'windows-ready') {
      await Promise.all(split.windows.map((window) => runStep(['window'], asJson(window), ports)));
      const joined = await runStep(['windows-cut'], { kind: 'windows-cut', jobId }, ports);
      if (joined.kind === 'job-failed') return await fail(joined);
    }
    const plan = JSON.parse(new TextDecoder().decode(await ports.store.read(keys.plan(jobId))));
    await Promise.all(
      Batch.array()
        .parse(plan)
        .map((batch) => transcribe(batch, machine)),
    );
    const merged = await runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId }, ports);
    return merged.kind === 'job-failed' ? await fail(merged) : merged;
  } catch (error) {
    return fail({ kind: 'job-failed', sourceKey: upload.key, failure: stateFailure(error) });
  }
}

async function transcribe(batch: Batch, { ports, gpu }: LocalMachine): Promise<void> {
  const gpuFailure = gpu && (await askGpu(batch, gpu, ports));
  if (gpu && gpuFailure === undefined) return;
  const message: BatchForCpu = { ...batch, ...(gpuFailure && { gpuFailure }) };
  for (let attempt = 1; attempt <= CPU_ATTEMPTS; attempt += 1) {
    const answer = await runStep(['batch'], asJson(message), ports).catch(() => undefined);
    if (answer !== undefined) return;
  }
}

async function askGpu(batch: Batch, gpu: Gpu, ports: PipelinePorts): Promise<StateFailure | undefined> {
  const offered = { kind: 'batch-offered', taskToken: randomUUID(), batch };
  try {
    const finished = await gpu(await runStep(['batch-offered'], asJson(offered), ports));
    if (finished === undefined) return { Error: 'States.Timeout' };
    const answer = await runStep(['inference-finished'], asJson(finished), ports);
    if (answer.kind === 'task-succeeded') return undefined;
    return answer.kind === 'task-failed'
      ? { Error: answer.code, Cause: answer.reason }
      : { Error: 'States.Timeout' };
  } catch (error) {
    return stateFailure(error);
  }
}

function stateFailure(error: unknown): StateFailure {
  const { name: errorType, message: errorMessage } = error as Error;
  return { Error: errorType, Cause: JSON.stringify({ errorType, errorMessage }) };
}

const asJson = (message: unknown): unknown => JSON.parse(JSON.stringify(message));
