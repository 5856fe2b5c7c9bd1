import type { Input } from '@murmuration/cuda/graph';
import { type TensorType, tensorTypes } from '@murmuration/cuda/tensor-type';
import type { RunPlan } from './run-request.ts';
import type { Lengths } from './step-memory.ts';

/** Rows are padded to one of these, for each is captured on its own. */
const ROWS = [1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128];
/** Prompt and transcript are mostly shorter. Attention to so few has one block of work for each head, and nothing to join. */
const USUAL_TOKENS = 256;
/** CUDA's kernel that gives scores reads keys in pieces of so many bytes. */
const PIECE_BYTES = 16;

/** Names of the graphs of a step: models/graph_captured.py. */
export type StepKind = 'step' | 'step-aligned';

interface Model {
  readonly audioContext: number;
  readonly textContext: number;
  readonly alignmentHeads: readonly (readonly [number, number])[];
  /** A processor reads whole keys. */
  readonly piecesOnCuda: boolean;
}

/** How long things are in one step: B rows, L positions, R tokens, S steps with scores, of which layer n has Nn each. */
export function createStepSizes(model: Model) {
  const { audioContext, textContext, alignmentHeads, piecesOnCuda } = model;
  const layers = [...new Set(alignmentHeads.map(([layer]) => layer))];
  const heads = (layer: number) => alignmentHeads.filter(([own]) => own === layer).length;
  const scoreSizes = (rows: number, positions: number) =>
    Object.fromEntries(layers.map((layer) => [`N${layer}`, rows * heads(layer) * positions]));
  let mostRows = 0;
  return {
    kind: ({ aligned }: RunPlan): StepKind => (aligned && layers.length > 0 ? 'step-aligned' : 'step'),
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
    /** How `begin.onnx` writes a block of (rows, heads, positions, head size): keys of layers with alignment heads in pieces. */
    asMade(name: string, type: TensorType, shape: readonly number[], kind: StepKind): readonly number[] {
      if (!layers.some((layer) => name === `audio key ${layer}`)) return shape;
      const [rows, heads, positions, headSize] = shape as [number, number, number, number];
      const isWhole = kind === 'step' || !piecesOnCuda;
      const piece = isWhole ? headSize : PIECE_BYTES / tensorTypes[type].bytes;
      return [rows, heads, headSize / piece, positions, piece];
    },
    /** `key shape` of `begin.onnx`; of a model without alignment heads it means nothing. */
    keyShape({ type, shape }: Input, kind: StepKind): number[] {
      const [, , pieces, , piece] = this.asMade(
        `audio key ${layers[0]}`,
        type,
        [0, 0, 0, Number(shape[3])],
        kind,
      );
      return [0, 0, -1, pieces!, piece ?? 0];
    },
  };
}
