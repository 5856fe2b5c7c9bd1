import { writeFileSync } from 'node:fs';
import { report } from './report.ts';
import type { VariantFigures } from './variants.ts';
import { variantsTable } from './variants-table.ts';

/** Writes the figures as JSON, and as tables of Markdown beside it. */
export function reportVariants(
  name: string,
  sets: ReadonlyMap<string, readonly VariantFigures[]>,
  settings: { readonly threads: number; readonly rounds: number; readonly model: string },
): void {
  const rows = [...sets].flatMap(([set, figures]) =>
    figures.map((row) => ({
      set,
      ...row,
      wordErrorPercent: row.wordErrorPercent ?? '',
      characterErrorPercent: row.characterErrorPercent ?? '',
    })),
  );
  report(name, { ...settings, rows });
  const tables = [...sets].map(([set, figures]) => variantsTable(set, figures)).join('\n');
  const path = new URL(`results/${name}.md`, import.meta.url);
  writeFileSync(path, tables);
  console.log(`${tables}\nwritten to test/bench/results/${name}.md`);
}
