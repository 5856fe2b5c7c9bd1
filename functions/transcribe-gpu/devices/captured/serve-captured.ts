import { parentPort, workerData } from 'node:worker_threads';
import { openCapturedGraphs } from './captured-graphs.ts';
import type { Feeds } from './run-request.ts';

const port = parentPort!;
const graphs = openCapturedGraphs(workerData);
port.postMessage({ inputNames: graphs.inputNames });

port.on('message', ({ id, feeds }: { readonly id: number; readonly feeds?: Feeds }) => {
  if (feeds === undefined) {
    graphs.close();
    port.close();
    return;
  }
  try {
    const outputs = graphs.run(feeds);
    const buffers = Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
    port.postMessage({ id, outputs }, buffers);
  } catch (error) {
    port.postMessage({ id, message: error instanceof Error ? error.message : String(error) });
  }
});
