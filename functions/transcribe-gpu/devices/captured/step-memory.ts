import type { Input } from '@murmuration/cuda/graph';
import type { Memory } from '@murmuration/cuda/memory';
import { sizeBytes } from '@murmuration/cuda/tensor-type';

/** Lengths that a graph only names, in one run. */
export type Lengths = Readonly<Record<string, number>>;

/** Blocks of a device's memory by name, where captured graphs find their inputs: they move only to grow. */
export interface StepMemory {
  /** Room for these inputs at these lengths; says whether any block has moved. Throws "out of memory", and is empty then. */
  fit(inputs: readonly Input[], lengths: Lengths): boolean;
  address(name: string): bigint;
  close(): void;
}

export function shapeOf({ shape }: Pick<Input, 'shape'>, lengths: Lengths): number[] {
  return shape.map((length) => (typeof length === 'number' ? length : lengths[length]!));
}

export function createStepMemory(memory: Memory): StepMemory {
  const blocks = new Map<string, { readonly address: bigint; readonly bytes: number }>();
  const close = () => {
    for (const { address } of blocks.values()) memory.free(address);
    blocks.clear();
  };
  return {
    fit(inputs, lengths) {
      let moved = false;
      for (const input of inputs) {
        const bytes = sizeBytes(input.type, shapeOf(input, lengths));
        const block = blocks.get(input.name);
        if (block !== undefined && block.bytes >= bytes) continue;
        moved = true;
        blocks.delete(input.name);
        if (block !== undefined) memory.free(block.address);
        try {
          blocks.set(input.name, { address: memory.allocate(bytes), bytes });
        } catch (error) {
          close();
          throw error;
        }
      }
      return moved;
    },
    address: (name) => blocks.get(name)!.address,
    close,
  };
}
