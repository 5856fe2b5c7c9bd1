// A thread as devices/serve-engine.ts is one, but its device computes nothing: a batch takes it a time, one after the other.
// In plain JavaScript, for a thread begins with no loader.
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const { fixedMilliseconds, millisecondsPerSegment } = workerData;
/** As long as what is said in 30 s, and as true as nothing. */
const transcript = {
  ...{ startSeconds: 0, endSeconds: 30, text: ' word'.repeat(80) },
  tokens: Array.from({ length: 100 }, (_, index) => 1000 + index),
  ...{ language: 'en', languageProbability: 1, avgLogprob: -0.2, compressionRatio: 1.5 },
  ...{ noSpeechProbability: 0, temperature: 0, context: 'full', fallbacks: [] },
};
let busy = Promise.resolve();

parentPort.on('message', ({ kind, id, segments }) => {
  if (kind === 'close') return parentPort.close();
  busy = busy.then(async () => {
    await wait(fixedMilliseconds + segments.length * millisecondsPerSegment);
    parentPort.postMessage({ kind: 'heard', id, transcripts: segments.map(() => transcript) });
  });
});
const model = { modelId: 'stand-in', modelSha256: '0'.repeat(64), timesWords: false };
parentPort.postMessage({ kind: 'ready', model });
