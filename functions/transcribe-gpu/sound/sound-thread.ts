import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Segment } from '@murmuration/pipeline/contract/plan';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Pcm } from '@murmuration/pipeline/ports';
import { fromPlain } from '../plain-error.ts';
import type { SoundAnswer, SoundRequest, SoundSetup } from './sound-messages.ts';

export interface SoundThread {
  /** The segment's samples: the first ones of `into`, or where they do not fit there, others. Throws as `readSegment`. */
  read(jobId: string, segment: Segment, into: Pcm): Promise<Pcm>;
  /** Reads under way. */
  busy(): number;
  /** What is being read fails, and whatever is to be read later. */
  close(): Promise<void>;
}

interface Reading {
  readonly request: SoundRequest;
  resolve(pcm: Pcm): void;
  reject(error: unknown): void;
  /** A thread ended under it. */
  isAgain: boolean;
}

const soundThread = new URL('./sound-thread.mjs', import.meta.url);

/**
 * Reads segments in a thread of its own. Should that end, what it was reading is read by another one; a segment under which
 * two threads end throws `internal`. Another `thread` speaks as serve-sound.ts does and has a setup of its own.
 */
export function openSoundThread<Setup = SoundSetup>(setup: Setup, thread = soundThread): SoundThread {
  const readings = new Map<number, Reading>();
  let nextId = 0;
  let closed = false;
  let worker: Worker | undefined = start();

  function start(): Worker {
    const started = new Worker(thread, { workerData: setup, env: SHARE_ENV });
    let cause: unknown;
    started.on('error', (error) => {
      cause = error;
      const message = `a thread that reads sound ended: ${error.message}`;
      process.emitWarning(message, { code: 'MURMURATION_SOUND_THREAD' });
    });
    started.on('message', (answer: SoundAnswer) => {
      const reading = readings.get(answer.id);
      if (reading === undefined) return;
      readings.delete(answer.id);
      if (answer.kind === 'failed') reading.reject(fromPlain(answer.error));
      else if (answer.kind === 'long') reading.resolve(answer.pcm);
      else reading.resolve(reading.request.into.subarray(0, answer.samples));
    });
    started.once('exit', () => {
      worker = undefined;
      for (const reading of [...readings.values()]) again(reading, cause);
    });
    return started;
  }

  /** Only where something is to be read: a thread that cannot even begin is not begun again and again. */
  function send({ request }: Reading): void {
    worker ??= start();
    worker.postMessage(request);
  }

  function again(reading: Reading, cause: unknown): void {
    if (!reading.isAgain && !closed) {
      reading.isAgain = true;
      send(reading);
      return;
    }
    readings.delete(reading.request.id);
    const { index } = reading.request.segment;
    const message = `two threads ended while they read segment ${index}: send the batch again, and look into the log where it stays so`;
    reading.reject(closed ? atItsEnd() : new MurmurationError('internal', message, { cause }));
  }

  return {
    read: (jobId, segment, into) =>
      new Promise((resolve, reject) => {
        if (closed) throw atItsEnd();
        const request = { id: nextId++, jobId, segment, into };
        const reading = { request, resolve, reject, isAgain: false };
        // Where no thread can be begun, nothing is under way
        send(reading);
        readings.set(request.id, reading);
      }),
    busy: () => readings.size,
    async close() {
      closed = true;
      await worker?.terminate();
    },
  };
}

const atItsEnd = () =>
  new MurmurationError('internal', 'the server ends and reads no more: send the batch again');
