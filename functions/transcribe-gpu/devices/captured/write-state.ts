import type { Lengths } from './step-memory.ts';

/** Of the rows that a run asks for. */
interface State {
  readonly ids: BigInt64Array;
  readonly done: Uint8Array;
  /** Tokens of every row, its prompt included. */
  readonly length: number;
}

/**
 * What a step begins with, as far as it is among its `inputs`. Rows that are there only to fill up, or all where there is no
 * state, are at their end.
 */
export function writeState(
  write: (name: string, data: Uint8Array) => void,
  inputs: Iterable<string>,
  lengths: Lengths,
  state: State | undefined,
): void {
  const rows = lengths['B']!;
  const ids = new BigInt64Array(rows);
  const done = new Uint8Array(rows).fill(1);
  if (state !== undefined) {
    ids.set(state.ids);
    done.set(state.done);
  }
  const length = state?.length ?? 1;
  const values: Readonly<Record<string, ArrayBufferView>> = {
    ...{ ids, done, length: new Int32Array(rows).fill(length) },
    'last position': new Int32Array(rows).fill(lengths['L']! - 1),
    // The index in the row's tokens before that of the first score
    first: BigInt64Array.of(BigInt(length - 1)),
  };
  for (const name of inputs) {
    const value = values[name];
    if (value !== undefined) write(name, new Uint8Array(value.buffer));
  }
}
