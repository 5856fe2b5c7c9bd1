import { MurmurationError } from '@murmuration/pipeline/errors';
import '@murmuration/pipeline/no-telemetry';
import { InferenceSession } from 'onnxruntime-node';
import { executionProviders, type Provider } from './execution-providers.ts';
import type { RunRequest, RunResult, Session } from './graph-run.ts';
import { toResult, toTensors } from './graph-tensors.ts';
import { growingSession } from './growing-session.ts';
import type { Model } from './load-model.ts';
import { onnxError } from './onnx-error.ts';
import { defaultThreads, isIdle } from './threads.ts';
import { openWorkerSession } from './worker-session.ts';

export interface SessionOptions {
  /** Threads inside one operator. @default the physical cores, at most 8 */
  readonly threads?: number | undefined;
  /**
   * Threads that wait burn their core instead of sleeping: 12 % faster on an idle machine, three times as slow where other
   * programs want the cores too. @default as long as at most half of the cores were busy in the last minute
   */
  readonly spinning?: boolean | undefined;
  /**
   * Where more runs wait, so many go on side by side, each with its share of the threads and the model loaded again in a
   * worker thread: for long recordings and busy servers. @default 1
   */
  readonly sessions?: number | undefined;
  /** Run in a thread of its own, so that this one does other work in the meantime: for GPUs and servers. @default false */
  readonly ownThread?: boolean | undefined;
  /** @default what the graph was built for */
  readonly providers?: readonly Provider[] | undefined;
  /** Of the GPUs that this process may see. @default 0 */
  readonly deviceId?: number | undefined;
  /** Keep memory between runs: faster, but a long clip's memory stays. @default true */
  readonly memoryArena?: boolean | undefined;
}

const sessionThread = new URL('./session-worker.mjs', import.meta.url);

/** onnxruntime starts as many as it is told to; thousands of them stop the machine. */
const MOST_THREADS = 256;

/** Loads the graph. Throws `invalid-argument`, `out-of-memory`, or `internal` with onnxruntime's own words. */
export async function openSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  const { graph, id } = model.manifest;
  const providers = options.providers ?? [graph.target];
  const threads = options.threads ?? defaultThreads();
  const spinning = options.spinning ?? isIdle();
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new MurmurationError(
      'invalid-argument',
      `threads is ${threads}: give a whole number from 1 to ${MOST_THREADS}`,
    );
  }
  if (graph.target === 'cpu' && providers.some((provider) => provider !== 'cpu')) {
    // Key masks take CUDA off its fused attention: half as fast, and an illegal memory access in large batches
    throw new MurmurationError(
      'invalid-argument',
      `model ${id} is built for cpu and must not run on ${providers.join(', ')}: build it again with --target cuda`,
      { details: { providers } },
    );
  }
  const sessions = options.sessions ?? 1;
  if (!Number.isInteger(sessions) || sessions < 1 || sessions > threads) {
    throw new MurmurationError(
      'invalid-argument',
      `sessions is ${sessions}: give a whole number from 1 to the ${threads} threads`,
    );
  }
  const settings = (intraOpNumThreads: number): InferenceSession.SessionOptions => ({
    executionProviders: executionProviders(providers, options.deviceId),
    intraOpNumThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: options.memoryArena ?? true,
    // Shapes change with every step and batch: a planned pattern is never used twice
    enableMemPattern: false,
    // Warnings about nodes it leaves on the CPU would land in the user's terminal
    logSeverityLevel: 3,
    // Threads may spin within a run, where steps follow each other closely, but not after it
    extra: {
      session: { force_spinning_stop: '1', intra_op: { allow_spinning: spinning ? '1' : '0' } },
    },
  });
  const openThread = (threads: number) =>
    openWorkerSession(sessionThread, { graphPath: model.graphPath, options: settings(threads) }, id);
  const first = options.ownThread ? await openThread(threads) : await openHere(model, settings(threads));
  if (sessions === 1) return first;
  const open = () => openThread(Math.max(1, Math.floor(threads / sessions)));
  return growingSession(first, () => openAll(sessions, open));
}

async function openHere({ graphPath, manifest }: Model, settings: InferenceSession.SessionOptions) {
  try {
    return queued(await InferenceSession.create(graphPath, settings));
  } catch (error) {
    throw onnxError(error, `loading model ${manifest.id}`);
  }
}

/** All or none. */
async function openAll(count: number, open: () => Promise<Session>): Promise<Session[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, open));
  const sessions = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  if (failed === undefined) return sessions;
  await Promise.all(sessions.map((session) => session.close()));
  throw failed.reason;
}

function queued(session: InferenceSession): Session {
  const inputs = new Set(session.inputNames);
  let last: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    run: (request) => enqueue(() => runOnce(session, inputs, request)),
    close() {
      closing ??= enqueue(() => session.release());
      return closing;
    },
  };
}

async function runOnce(
  session: InferenceSession,
  inputs: ReadonlySet<string>,
  request: RunRequest,
): Promise<RunResult> {
  const feeds = Object.fromEntries(Object.entries(toTensors(request)).filter(([name]) => inputs.has(name)));
  let outputs: InferenceSession.OnnxValueMapType | undefined;
  try {
    outputs = await session.run(feeds);
    return toResult(outputs);
  } catch (error) {
    throw onnxError(error, `transcribing ${request.rows} segments`);
  } finally {
    for (const tensor of [...Object.values(feeds), ...Object.values(outputs ?? {})]) tensor.dispose();
  }
}
