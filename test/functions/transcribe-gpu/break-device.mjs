// Loaded into the server and its threads before anything else: after FAULT_AFTER runs, every run of the graph ends as on a GPU
// that is lost. With FAULT_HANGS the thread then hangs in native code, where nothing can stop it, as in a driver in trouble.
import { spawnSync } from 'node:child_process';
import { InferenceSession } from 'onnxruntime-node';

const run = InferenceSession.prototype.run;
let left = Number(process.env.FAULT_AFTER);
InferenceSession.prototype.run = async function (...given) {
  if (left-- > 0) return run.apply(this, given);
  if (process.env.FAULT_HANGS) setTimeout(() => spawnSync('sleep', ['120']), 100);
  throw new Error(
    'CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=cudaStreamSynchronize(stream)',
  );
};
