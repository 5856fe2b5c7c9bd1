import type { Memory } from '@murmuration/cuda/memory';
import type { Lengths, StepMemory } from './step-memory.ts';

/** Of the rows that a run asks for. */
interface State {
  readonly ids: BigInt64Array;
  readonly done: Uint8Array;
  /** Tokens of every row, its prompt included. */
  readonly length: number;
}

/** What the next step begins with. Rows that are there only to fill up, or all where there is no state, are at their end. */
export function writeState(
  memory: Memory,
  blocks: StepMemory,
  lengths: Lengths,
  state: State | undefined,
): void {
  const rows = lengths['B']!;
  const write = (name: string, { buffer }: ArrayBufferView) => {
    if (blocks.has(name)) memory.write(blocks.address(name), new Uint8Array(buffer));
  };
  const ids = new BigInt64Array(rows);
  const done = new Uint8Array(rows).fill(1);
  if (state !== undefined) {
    ids.set(state.ids);
    done.set(state.done);
  }
  write('ids', ids);
  write('length', new Int32Array(rows).fill(state?.length ?? 1));
  write('done', done);
  write('last position', new Int32Array(rows).fill(lengths['L']! - 1));
  // The index in the row's tokens before that of the first score
  write('first', BigInt64Array.of(BigInt((state?.length ?? 1) - 1)));
}
