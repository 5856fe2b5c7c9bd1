import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Figures {
  readonly threads: number;
  readonly rows: readonly Record<string, string | number>[];
  readonly [other: string]: unknown;
}

/** Prints the rows and writes them, with the machine they were measured on, to `results/<name>.json`. */
export function report(name: string, figures: Figures): void {
  console.table(figures.rows);
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const machine = { processor: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
  const measuredAt = new Date().toISOString().slice(0, 10);
  writeFileSync(
    new URL(`${name}.json`, folder),
    `${JSON.stringify({ measuredAt, machine, ...figures }, null, 2)}\n`,
  );
  console.log(`written to test/bench/results/${name}.json`);
}
