import { parentPort, workerData } from 'node:worker_threads';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { readSegment } from '@murmuration/pipeline/hearing/read-segments';
import { toPlain } from '../plain-error.ts';
import type { SoundAnswer, SoundRequest, SoundSetup } from './sound-messages.ts';

const port = parentPort!;
const { bucket, idleMilliseconds = 20_000 }: SoundSetup = workerData;
// By itself the client waits for ever: 50 answers that never come, and it would have no connection left for any other
const store = s3ObjectStore({ bucket, idleMilliseconds });

port.on('message', async ({ id, jobId, segment, into }: SoundRequest) => {
  try {
    const { pcm } = await readSegment(jobId, segment, store, into);
    if (pcm.buffer === into.buffer) answer({ kind: 'read', id, samples: pcm.length });
    else answer({ kind: 'long', id, pcm }, [pcm.buffer as ArrayBuffer]);
  } catch (error) {
    answer({ kind: 'failed', id, error: toPlain(error) });
  }
});

function answer(message: SoundAnswer, handedOver: ArrayBuffer[] = []): void {
  port.postMessage(message, handedOver);
}
