import type { Manifest } from './manifest.ts';

/** `masks` of the graph: (steps, vocabulary) float32, added to the logits; the last step serves all later ones. */
export interface Masks {
  readonly steps: number;
  readonly data: Float32Array;
}

/** Low enough to never be chosen, and still finite: minus infinity turns to NaN where a row of logits is all masked. */
const NEVER = -1e9;

export interface MaskMode {
  /** Step 0 chooses a language, steps 1 and 2 are forced, text begins at step 3. */
  readonly detectLanguage: boolean;
  readonly timestamps: boolean;
}

/** The suppress lists of a model, one set per mode, built once: a set of a multilingual model is 1 MB. */
export function createMasks(
  manifest: Pick<Manifest, 'tokens' | 'languages' | 'suppress' | 'suppressAtBegin' | 'dimensions'>,
) {
  const cache = new Map<string, Masks>();
  return ({ detectLanguage, timestamps }: MaskMode): Masks => {
    const key = `${detectLanguage} ${timestamps}`;
    const masks = cache.get(key) ?? build(manifest, { detectLanguage, timestamps });
    cache.set(key, masks);
    return masks;
  };
}

function build(
  { tokens, languages, suppress, suppressAtBegin, dimensions }: Parameters<typeof createMasks>[0],
  { detectLanguage, timestamps }: MaskMode,
): Masks {
  const vocabulary = dimensions.vocabulary;
  const later = new Float32Array(vocabulary);
  for (const token of suppress) later[token] = NEVER;
  // Special tokens are never text, whatever the list says; English-only lists leave the language tokens out
  later.fill(NEVER, tokens.endOfText + 1, tokens.timestampBegin);
  if (!timestamps) later.fill(NEVER, tokens.timestampBegin);
  later[tokens.endOfText] = 0;
  const begin = later.slice();
  for (const token of suppressAtBegin) begin[token] = NEVER;
  if (!detectLanguage) return join([begin, later]);
  const language = new Float32Array(vocabulary).fill(NEVER);
  for (const token of Object.values(languages)) language[token] = 0;
  return join([language, later, later, begin, later]);
}

function join(rows: readonly Float32Array[]): Masks {
  const data = new Float32Array(rows.length * rows[0]!.length);
  rows.forEach((row, step) => {
    data.set(row, step * row.length);
  });
  return { steps: rows.length, data };
}
