// Runs a graph in a thread of its own, one run after another: { id, feeds } in, { id, outputs } or { id, message } out.
// onnxruntime-node computes on the thread that calls it. Tensors travel as { type, data, dims }.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(workerData.graphPath, workerData.options);
parentPort.postMessage({ inputNames: session.inputNames });

let last = Promise.resolve();
parentPort.on('message', (message) => {
  last = last.then(() => (message.feeds === undefined ? close() : answer(message)));
});

async function answer({ id, feeds }) {
  try {
    const inputs = Object.entries(feeds).map(([name, { type, data, dims }]) => [
      name,
      new Tensor(type, data, dims),
    ]);
    const outputs = Object.entries(await session.run(Object.fromEntries(inputs))).map(([name, tensor]) => {
      const { type, dims } = tensor;
      // A copy: memory that onnxruntime owns cannot be handed to another thread
      const data = tensor.data.slice();
      tensor.dispose();
      return [name, { type, data, dims }];
    });
    parentPort.postMessage(
      { id, outputs: Object.fromEntries(outputs) },
      outputs.map(([, { data }]) => data.buffer),
    );
  } catch (error) {
    parentPort.postMessage({ id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function close() {
  await session.release();
  parentPort.close();
}
