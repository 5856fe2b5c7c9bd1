import type { Input } from '@murmuration/cuda/graph';
import type { Memory } from '@murmuration/cuda/memory';
import { sizeBytes } from '@murmuration/cuda/tensor-type';

/** What lengths that a graph only names are in one run. */
export type Lengths = Readonly<Record<string, number>>;

/** Blocks of a device's memory by name, where captured graphs find their inputs: they move only to grow. */
export interface StepMemory {
  /** Counts up whenever a block has moved. */
  readonly moves: number;
  /** Room for these inputs at these lengths. Throws "out of memory", and then the blocks that did not fit are gone. */
  fit(inputs: readonly Input[], lengths: Lengths): void;
  address(name: string): bigint;
  close(): void;
}

export function shapeOf({ shape }: Pick<Input, 'shape'>, lengths: Lengths): number[] {
  return shape.map((length) => (typeof length === 'number' ? length : lengths[length]!));
}

export function createStepMemory(memory: Memory): StepMemory {
  const blocks = new Map<string, { readonly address: bigint; readonly bytes: number }>();
  let moves = 0;
  return {
    get moves() {
      return moves;
    },
    fit(inputs, lengths) {
      for (const input of inputs) {
        const bytes = sizeBytes(input.type, shapeOf(input, lengths));
        const block = blocks.get(input.name);
        if (block !== undefined && block.bytes >= bytes) continue;
        moves++;
        blocks.delete(input.name);
        if (block !== undefined) memory.free(block.address);
        blocks.set(input.name, { address: memory.allocate(bytes), bytes });
      }
    },
    address: (name) => blocks.get(name)!.address,
    close() {
      for (const { address } of blocks.values()) memory.free(address);
      blocks.clear();
    },
  };
}
