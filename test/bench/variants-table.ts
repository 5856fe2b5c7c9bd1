import type { VariantFigures } from './variants.ts';

/**
 * The figures as a table of Markdown. How many times faster than the first variant is told by the processor's time, which
 * other programs disturb least, or for a GPU by the clock.
 */
export function variantsTable(
  title: string,
  figures: readonly VariantFigures[],
  by: 'engineCpuSeconds' | 'engineSeconds' = 'engineCpuSeconds',
): string {
  const [first] = figures;
  const columns: readonly (readonly [string, (row: VariantFigures) => string])[] = [
    [title, (row) => row.variant],
    ['WER %', (row) => row.wordErrorPercent?.toFixed(2) ?? '–'],
    ['CER %', (row) => row.characterErrorPercent?.toFixed(2) ?? '–'],
    ['wrong / left out / added', (row) => `${row.substitutions} / ${row.deletions} / ${row.insertions}`],
    ['noise words', (row) => String(row.noiseWords)],
    ['segments', (row) => `${row.segments}, ${row.segmentSeconds.toFixed(0)} s`],
    [
      'of them by the large',
      (row) => `${row.escalated} (${((100 * row.escalated) / row.segments).toFixed(0)} %)`,
    ],
    ['fallbacks', (row) => String(row.fallbacks)],
    ['cut, s', (row) => row.cutSeconds.toFixed(1)],
    ['engine, s', (row) => row.engineSeconds.toFixed(1)],
    ['engine, CPU s', (row) => row.engineCpuSeconds.toFixed(1)],
    ['times faster', (row) => `${(first![by] / row[by]).toFixed(2)} ×`],
  ];
  const hasLadder = figures.some(({ escalated }) => escalated > 0);
  const shown = columns.filter(([name]) => hasLadder || name !== 'of them by the large');
  const lines = [shown.map(([name]) => name), shown.map(() => '---')];
  for (const row of figures) lines.push(shown.map(([, cell]) => cell(row)));
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
