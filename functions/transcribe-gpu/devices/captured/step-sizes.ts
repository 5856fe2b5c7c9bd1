import type { RunPlan } from './run-request.ts';
import type { Lengths } from './step-memory.ts';

/** Rows are padded to one of these, for each is captured on its own. */
const ROWS = [1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128];
/** Most transcripts are shorter; longer ones have scores of their own size. */
const USUAL_TOKENS = 224;

interface Model {
  readonly audioContext: number;
  readonly textContext: number;
  readonly alignmentHeads: readonly (readonly [number, number])[];
}

/** How long things are in one step: B rows, L positions, S steps with scores, of which layer n has Nn each. */
export function createStepSizes({ audioContext, textContext, alignmentHeads }: Model) {
  const layers = [...new Set(alignmentHeads.map(([layer]) => layer))];
  const heads = (layer: number) => alignmentHeads.filter(([own]) => own === layer).length;
  const scoreSizes = (rows: number, positions: number) =>
    Object.fromEntries(layers.map((layer) => [`N${layer}`, rows * heads(layer) * positions]));
  let mostRows = 0;
  return {
    lengths({ rows, positions, mostTokens }: RunPlan, aligned: boolean): Lengths {
      const padded = ROWS.find((size) => size >= rows) ?? rows;
      const steps = mostTokens > USUAL_TOKENS ? textContext : USUAL_TOKENS;
      return { B: padded, L: positions, ...(aligned && { S: steps, ...scoreSizes(padded, positions) }) };
    },
    /** Memory is made for the most rows that there were; where there is not enough, for these alone the next time. */
    remember(lengths: Lengths, make: (widest: Lengths) => void): void {
      const rows = Math.max(mostRows, lengths['B']!);
      const scores = lengths['S'] === undefined ? {} : scoreSizes(rows, audioContext);
      mostRows = 0;
      make({ ...lengths, B: rows, L: audioContext, ...scores });
      mostRows = rows;
    },
    /** Scores as `finish.onnx` reads them; none where nobody wants them. */
    scores(lengths: Lengths, aligned: boolean): Lengths {
      const counts = layers.map((layer) => [`H${layer}`, aligned ? heads(layer) : 0]);
      return { S: lengths['S'] ?? 0, R: lengths['B']!, L: lengths['L']!, ...Object.fromEntries(counts) };
    },
  };
}
