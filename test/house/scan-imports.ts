/** One import as it stands in a file. */
export interface FoundImport {
  readonly specifier: string;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
}

// Of each, the first group says whether it is type-only, the second is what is imported
const patterns = [
  /\b(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /^\s*import(type)?\s*['"]([^'"]+)['"]/gm,
  /\b(?:import|require)(type)?\s*\(\s*['"`]([^'"`]+)['"`]/g,
];

/** Every import, re-export, dynamic import and require of a TypeScript or JavaScript source. */
export function scanImports(source: string): FoundImport[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, type, specifier]) => ({
      specifier: specifier!,
      typeOnly: type !== undefined,
    })),
  );
}
