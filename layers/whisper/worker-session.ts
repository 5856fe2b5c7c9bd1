import { Worker } from 'node:worker_threads';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { Tensor } from 'onnxruntime-node';
import type { RunResult, Session } from './graph-run.ts';
import { toResult, toTensors } from './graph-tensors.ts';
import { onnxError } from './onnx-error.ts';

interface PlainTensor {
  readonly type: Tensor.Type;
  readonly data: Tensor.DataTypeMap[Tensor.Type];
  readonly dims: readonly number[];
}

type Answer =
  | { readonly inputNames: readonly string[] }
  | { readonly id: number; readonly outputs: Readonly<Record<string, PlainTensor>> }
  | { readonly id: number; readonly message: string };

interface Waiting {
  readonly rows: number;
  resolve(result: RunResult): void;
  reject(error: unknown): void;
}

/**
 * The graph in a thread of its own, so that runs of several sessions go on side by side and this thread stays free.
 * `thread` speaks as session-worker.mjs does. Throws as `openSession`. An idle one does not keep the process alive.
 */
export async function openWorkerSession(thread: URL, workerData: unknown, modelId: string): Promise<Session> {
  const worker = new Worker(thread, {
    workerData,
    // It is plain JavaScript: no loader of ours
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let nextId = 0;
  let closed = false;
  let isGone = false;

  const inputNames = await new Promise<ReadonlySet<string>>((resolve, reject) => {
    worker.once('error', (error) => reject(onnxError(error, `loading model ${modelId}`)));
    worker.once('message', (answer: Answer) => {
      if ('inputNames' in answer) resolve(new Set(answer.inputNames));
    });
    // Nothing happens where it loaded
    ended.then(() => reject(onnxError(new Error('its thread ended'), `loading model ${modelId}`)));
  });
  worker.on('message', (answer: Answer) => {
    if (!('id' in answer)) return;
    const { rows, resolve, reject } = waiting.get(answer.id)!;
    settle(answer.id);
    if ('message' in answer) reject(onnxError(new Error(answer.message), `transcribing ${rows} segments`));
    else resolve(toResult(toOutputs(answer.outputs)));
  });
  const gone = () =>
    new MurmurationError('internal', `the thread of model ${modelId} ended: start again`, {
      details: { fatal: true },
    });
  ended.then(() => {
    isGone = true;
    for (const [id, { reject }] of waiting) {
      settle(id);
      reject(gone());
    }
  });
  worker.on('error', () => undefined);
  worker.unref();

  function settle(id: number): void {
    waiting.delete(id);
    if (waiting.size === 0 && !closed) worker.unref();
  }

  return {
    run(request) {
      // A thread that has ended answers nothing
      if (isGone) return Promise.reject(gone());
      return new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { rows: request.rows, resolve, reject });
        worker.ref();
        const feeds = Object.entries(toTensors(request))
          .filter(([name]) => inputNames.has(name))
          .map(([name, { type, data, dims }]) => [name, { type, data, dims }] as const);
        // Handed over, not copied: 64 segments are 123 MB
        worker.postMessage({ id, feeds: Object.fromEntries(feeds) }, [request.pcm.buffer as ArrayBuffer]);
      });
    },
    close() {
      if (!closed) {
        closed = true;
        worker.ref();
        worker.postMessage({});
      }
      return ended;
    },
  };
}

function toOutputs(outputs: Readonly<Record<string, PlainTensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, data, dims }]) => [
      name,
      new Tensor(type, data as Float32Array, dims),
    ]),
  );
}
