import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError, throwIfAborted } from '@murmuration/pipeline/errors';
import type { Engine, SettledSegment } from '@murmuration/pipeline/ports';
import { fromPlain } from '../plain-error.ts';
import type { EngineAnswer, EngineRequest, EngineSetup } from './thread-messages.ts';

interface Pending {
  resolve(transcripts: SegmentTranscript[]): void;
  reject(error: unknown): void;
  settled?: ((segments: readonly SettledSegment[]) => void) | undefined;
}

const engineThread = new URL('./engine-thread.mjs', import.meta.url);

/**
 * An engine in a thread of its own. Throws as `createEngine`. A thread that ends unasked fails as the GPU does: fatally.
 * Another `thread` speaks as devices/serve-engine.ts does and has options of its own.
 */
export async function openThreadedEngine<Options = EngineSetup>(
  options: Options,
  thread = engineThread,
): Promise<Engine> {
  const worker = new Worker(thread, {
    workerData: options,
    // onnxruntime reads the variables of the process, which `executionProviders` sets
    env: SHARE_ENV,
  });
  const pending = new Map<number, Pending>();
  const send = (request: EngineRequest) => worker.postMessage(request);
  let nextId = 0;
  let ended: MurmurationError | undefined;
  let closing: Promise<void> | undefined;

  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      end(undefined);
      resolve();
    });
  });
  const end = (cause: unknown) => {
    ended ??= new MurmurationError('internal', "the engine's thread ended: restart the process", {
      details: { fatal: closing === undefined },
      cause,
    });
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };

  const model = await new Promise<Extract<EngineAnswer, { kind: 'ready' }>['model']>((resolve, reject) => {
    worker.on('error', (error) => {
      end(error);
      reject(ended);
    });
    worker.once('exit', () => reject(ended));
    worker.on('message', (answer: EngineAnswer) => {
      switch (answer.kind) {
        case 'ready':
          return resolve(answer.model);
        case 'broken':
          return reject(fromPlain(answer.error));
        case 'settled':
          return pending.get(answer.id)?.settled?.(answer.segments);
        case 'heard':
          pending.get(answer.id)?.resolve(answer.transcripts);
          break;
        case 'failed':
          pending.get(answer.id)?.reject(fromPlain(answer.error));
          break;
      }
      pending.delete(answer.id);
    });
  });

  return {
    ...model,
    async transcribe(segments, decoding, signal, settled) {
      throwIfAborted(signal, 'transcription was aborted');
      if (ended !== undefined) throw ended;
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject, settled });
        send({ kind: 'transcribe', id, segments, decoding });
      });
    },
    close() {
      closing ??= (async () => {
        if (ended === undefined) send({ kind: 'close' });
        await exited;
      })();
      return closing;
    },
  };
}
