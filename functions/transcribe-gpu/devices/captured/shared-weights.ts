import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '@murmuration/cuda/environment';
import type { Memory } from '@murmuration/cuda/memory';
import type { Place, Tensor } from '@murmuration/cuda/tensor';
import { sizeBytes, type TensorType, tensorTypes } from '@murmuration/cuda/tensor-type';
import { z } from 'zod';

/** Where in `model.onnx.data` each tensor lies: models/graph.py. */
const Weights = z.record(
  z.string(),
  z.object({
    type: z.enum(Object.keys(tensorTypes) as [TensorType]),
    shape: z.array(z.int().nonnegative()),
    offset: z.int().nonnegative(),
  }),
);

export interface SharedWeights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  close(): void;
}

const BLOCK_BYTES = 64 << 20;

/** All weights of a model in a device's memory once, for every graph of it. Throws "out of memory". */
export function shareWeights(
  folder: string,
  memory: Memory,
  environment: Environment,
  device: Place,
): SharedWeights {
  const weights = Weights.parse(JSON.parse(readFileSync(join(folder, 'weights.json'), 'utf8')));
  const ends = Object.values(weights).map(({ type, shape, offset }) => offset + sizeBytes(type, shape));
  const bytes = Math.max(0, ...ends);
  const address = memory.allocate(bytes);
  const file = openSync(join(folder, 'model.onnx.data'), 'r');
  try {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, bytes));
    for (let offset = 0; offset < bytes; ) {
      const read = readSync(file, block, 0, Math.min(block.length, bytes - offset), offset);
      if (read === 0) throw new Error(`model.onnx.data ends at ${offset} of ${bytes} bytes`);
      memory.write(address + BigInt(offset), block.subarray(0, read));
      offset += read;
    }
  } catch (error) {
    memory.free(address);
    throw error;
  } finally {
    closeSync(file);
  }
  const tensors = new Map(
    Object.entries(weights).map(([name, { type, shape, offset }]) => [
      name,
      environment.tensor(device, address + BigInt(offset), type, shape),
    ]),
  );
  return {
    tensors,
    close() {
      for (const tensor of tensors.values()) tensor.close();
      memory.free(address);
    },
  };
}
