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
  const header = [
    title,
    'WER %',
    'wrong / left out / added',
    'noise words',
    'segments',
    'of them by the ladder',
  ];
  const rows = figures.map((row) => [
    row.variant,
    row.wordErrorPercent?.toFixed(2) ?? '–',
    `${row.substitutions} / ${row.deletions} / ${row.insertions}`,
    String(row.noiseWords),
    `${row.segments}, ${row.segmentSeconds.toFixed(0)} s`,
    String(row.escalated),
    String(row.fallbacks),
    row.cutSeconds.toFixed(1),
    row.engineSeconds.toFixed(1),
    row.engineCpuSeconds.toFixed(1),
    `${(first![by] / row[by]).toFixed(2)} ×`,
  ]);
  const columns = [...header, 'fallbacks', 'cut, s', 'engine, s', 'engine, CPU s', 'times faster'];
  const lines = [columns, columns.map(() => '---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
