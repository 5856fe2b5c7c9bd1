import { posix } from 'node:path';
import { scanImports } from './scan-imports.ts';

/**
 * Files that import each other, by whatever way round, types too: each circle as the files on it. `sources` are contents
 * by path, relative to the repository, with forward slashes.
 */
export function findCircles(sources: ReadonlyMap<string, string>): string[][] {
  const imports = new Map([...sources].map(([file, source]) => [file, importsOf(file, source, sources)]));
  const circles: string[][] = [];
  const finished = new Set<string>();
  const path: string[] = [];

  function visit(file: string): void {
    const start = path.indexOf(file);
    if (start >= 0) circles.push([...path.slice(start), file]);
    if (start >= 0 || finished.has(file)) return;
    path.push(file);
    for (const next of imports.get(file) ?? []) visit(next);
    path.pop();
    finished.add(file);
  }

  for (const file of sources.keys()) visit(file);
  return circles;
}

function importsOf(file: string, source: string, sources: ReadonlyMap<string, string>): string[] {
  const targets = scanImports(source).map(({ specifier }) => {
    const [, layer, name] = /^@murmuration\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
    if (layer !== undefined) return `layers/${layer}/${name}.ts`;
    return posix.join(posix.dirname(file), specifier);
  });
  return targets.filter((target) => sources.has(target));
}
