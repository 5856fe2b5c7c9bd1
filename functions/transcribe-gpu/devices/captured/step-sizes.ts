import { type TensorType, tensorTypes } from '@murmuration/cuda/tensor-type';
import type { RunPlan } from './run-request.ts';
import type { Lengths } from './step-memory.ts';

/** Rows are padded to one of these, for each is captured on its own. */
const ROWS = [1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128];
/** Prompt and transcript are mostly shorter. Attention to so few has one block of work for each head, and nothing to join. */
const USUAL_TOKENS = 256;
/** So many rows are too few to fill a GPU if each head of each is one block of work, as it is in the kernel for many. */
const FEW_ROWS = 8;

/** CUDA's kernel for many rows reads keys in pieces of so many bytes. */
const PIECE_BYTES = 16;

/** Names of the graphs of a step: models/graph_captured.py. */
export type StepKind = 'step' | 'step-wide' | 'step-aligned';

interface Model {
  readonly audioContext: number;
  readonly textContext: number;
  readonly alignmentHeads: readonly (readonly [number, number])[];
  readonly fewRows?: number | undefined;
  /** A processor reads whole keys. */
  readonly piecesOnCuda: boolean;
}

/** How long things are in one step: B rows, L positions, R tokens, S steps with scores, of which layer n has Nn each. */
export function createStepSizes(model: Model) {
  const { audioContext, textContext, alignmentHeads, fewRows = FEW_ROWS, piecesOnCuda } = model;
  const layers = [...new Set(alignmentHeads.map(([layer]) => layer))];
  const heads = (layer: number) => alignmentHeads.filter(([own]) => own === layer).length;
  const scoreSizes = (rows: number, positions: number) =>
    Object.fromEntries(layers.map((layer) => [`N${layer}`, rows * heads(layer) * positions]));
  let mostRows = 0;
  return {
    kind({ rows, aligned }: RunPlan): StepKind {
      return aligned && layers.length > 0 ? 'step-aligned' : rows > fewRows ? 'step-wide' : 'step';
    },
    /** `stepsPerRun`: a row may run on so far. */
    lengths(plan: RunPlan, kind: StepKind, stepsPerRun: number): Lengths {
      const { rows, positions, promptLength, mostTokens } = plan;
      const padded = ROWS.find((size) => size >= rows) ?? rows;
      const room =
        promptLength + mostTokens + stepsPerRun > USUAL_TOKENS ? textContext + stepsPerRun : USUAL_TOKENS;
      const scores = kind === 'step-aligned' ? { S: room, ...scoreSizes(padded, positions) } : {};
      return { B: padded, L: positions, R: room, ...scores };
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
    scores(lengths: Lengths, kind: StepKind): Lengths {
      const counts = layers.map((layer) => [`H${layer}`, kind === 'step-aligned' ? heads(layer) : 0]);
      return { S: lengths['S'] ?? 0, R: lengths['B']!, L: lengths['L']!, ...Object.fromEntries(counts) };
    },
    /** Keys (rows, heads, positions, head size) as `begin.onnx` writes them: (rows, heads, pieces, positions, piece). */
    keysAsMade(type: TensorType, shape: readonly number[], kind: StepKind): number[] {
      const [rows, heads, positions, headSize] = shape as [number, number, number, number];
      const piece = kind === 'step' || !piecesOnCuda ? headSize : PIECE_BYTES / tensorTypes[type].bytes;
      return [rows, heads, headSize / piece, positions, piece];
    },
  };
}
