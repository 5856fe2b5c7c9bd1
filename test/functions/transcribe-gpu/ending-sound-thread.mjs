// Speaks as functions/transcribe-gpu/sound/serve-sound.ts does; ends at a request as long as `endings` says that it is to. What
// it reads is the number of the segment.
import { parentPort, workerData } from 'node:worker_threads';

parentPort.on('message', ({ id, segment, into }) => {
  if (Atomics.sub(workerData.endings, 0, 1) > 0) process.exit(1);
  into[0] = segment.index;
  parentPort.postMessage({ kind: 'read', id, samples: 1 });
});
