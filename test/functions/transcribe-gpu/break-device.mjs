// Loaded into the server and its threads before anything else: after FAULT_AFTER runs, every run of the graph ends as on a GPU
// that is lost. FAULT_KIND=hang: the thread then hangs in native code, where nothing can stop it, as in a driver in trouble;
// slow: runs do not end at all. FAULT_WITH=FILE: not before there is such a file.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';

// The engine's own copy
const { InferenceSession } = createRequire(import.meta.resolve('@murmuration/whisper/session'))(
  'onnxruntime-node',
);
const run = InferenceSession.prototype.run;
let left = Number(process.env.FAULT_AFTER);
InferenceSession.prototype.run = async function (...given) {
  if (left-- > 0) return run.apply(this, given);
  // A GPU that takes its time
  if (process.env.FAULT_KIND === 'slow') return new Promise(() => setTimeout(() => undefined, 60_000));
  if (process.env.FAULT_KIND === 'hang') setTimeout(() => spawnSync('sleep', ['120']), 100);
  const { FAULT_WITH } = process.env;
  while (FAULT_WITH !== undefined && !existsSync(FAULT_WITH)) await wait(20);
  throw new Error(
    'CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=cudaStreamSynchronize(stream)',
  );
};
