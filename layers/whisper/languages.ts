import { languageNames } from '@murmuration/pipeline/contract/language-names';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { languageAliases } from './language-aliases.ts';
import type { Manifest } from './manifest.ts';

/** English name of a language code, in lower case. */
function languageName(code: string): string {
  return languageNames.get(code) ?? code;
}

/**
 * The model's code for what a user wrote ("de", "German"), or `auto`. Throws `language-unknown` with what comes nearest, or
 * with what the model can do.
 */
export function resolveLanguage(written: string, manifest: Pick<Manifest, 'id' | 'languages'>): string {
  const wanted = written.trim().toLowerCase();
  const codes = Object.keys(manifest.languages);
  if (codes.length === 0) {
    if (wanted === 'auto' || wanted === 'en' || wanted === 'english') return 'en';
    throw new MurmurationError(
      'language-unknown',
      `model ${manifest.id} is English-only and cannot read "${written}": use en or auto, or a multilingual model`,
      { details: { language: written, languages: ['en', 'auto'] } },
    );
  }
  if (wanted === 'auto') return 'auto';
  const byName = new Map(codes.map((code) => [languageName(code), code]));
  const code = codes.includes(wanted) ? wanted : (byName.get(wanted) ?? languageAliases.get(wanted));
  if (code !== undefined && codes.includes(code)) return code;
  const names = [...byName].map(([name, known]) => `${known} (${name})`);
  const near = nearest(wanted, byName);
  const hint =
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use auto or one of ${names.join(', ')}`;
  throw new MurmurationError(
    'language-unknown',
    `language "${written}" is not one of ${manifest.id}: ${hint}`,
    {
      details: { language: written, languages: codes },
    },
  );
}

/** Up to three languages: the one of a code with a region ("en-US"), or names at most two edits away. */
function nearest(wanted: string, byName: ReadonlyMap<string, string>): string[] {
  const base = wanted.split(/[-_]/)[0];
  return [...byName]
    .map(([name, code]) => ({ name, code, distance: code === base ? 0 : editDistance(wanted, name) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name, code }) => `${code} (${name})`);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
