import type { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import type { Fallback, FallbackReason } from '@murmuration/pipeline/contract/transcript';
import { timesSaid } from './times-said.ts';

/** One row to decode: a segment at one rung of the ladder. */
export interface Row {
  /** Place of the segment in the list that was given. */
  readonly segment: number;
  readonly context: 'short' | 'full';
  readonly temperature: number;
  /** Place of the temperature in the options: rows of one segment must not draw the same noise. */
  readonly draw: number;
  /** Language found on an earlier rung, so that a high temperature cannot draw another. */
  readonly language: string | undefined;
}

/** What the judgement of a row needs to know. */
export interface Attempt {
  readonly text: string;
  readonly language: string;
  readonly avgLogprob: number;
  readonly compressionRatio: number;
  readonly noSpeechProbability: number;
  readonly hitTokenLimit: boolean;
}

/** The attempt that was kept, and those that were not. */
export interface Outcome<A extends Attempt> {
  readonly attempt: A;
  readonly row: Row;
  /** Attempts with a fault that were passed over; one that passes but is not the best is not among them. */
  readonly fallbacks: readonly Fallback[];
  /** What is wrong with the attempt that was kept, where none was without fault. */
  readonly fault: FallbackReason | undefined;
  readonly silent: boolean;
}

/** Decodes rows; the attempts come back in the order of the rows. */
export type Decode<A extends Attempt> = (rows: readonly Row[]) => Promise<A[]>;

export type Thresholds = Pick<
  DecodingOptions,
  'temperatures' | 'compressionRatioThreshold' | 'logprobThreshold' | 'noSpeechThreshold'
>;

interface Try<A> {
  readonly row: Row;
  readonly attempt: A;
  readonly reason: FallbackReason | undefined;
}

/**
 * The decoding ladder. Every segment begins at the first temperature with its own context, goes on with the full 30 s where
 * that was short, and then with all other temperatures at once, of which the best attempt of all is kept: on noisy speech
 * that is 6 points of word error better than keeping the last one. Segments that pass do not climb on: `passed` hears of them
 * where others do.
 */
export async function climbLadder<A extends Attempt>(
  contexts: readonly ('short' | 'full')[],
  options: Thresholds,
  decode: Decode<A>,
  passed?: (outcomes: ReadonlyMap<number, Outcome<A>>) => void,
): Promise<Outcome<A>[]> {
  const tries: Try<A>[][] = contexts.map(() => []);
  const settled = contexts.map(() => false);

  const told = new Set<number>();
  const tellPassed = () => {
    if (passed === undefined) return;
    const found = new Map<number, Outcome<A>>();
    for (const [segment, all] of tries.entries()) {
      if (!settled[segment] || told.has(segment)) continue;
      told.add(segment);
      found.set(segment, outcome(all, options));
    }
    if (found.size > 0) passed(found);
  };

  const climb = async (rung: (segment: number) => Omit<Row, 'segment' | 'language'>[]): Promise<void> => {
    const rows = contexts.flatMap((_, segment) =>
      settled[segment]
        ? []
        : rung(segment).map((row) => ({ ...row, segment, language: tries[segment]?.[0]?.attempt.language })),
    );
    if (rows.length === 0) return;
    tellPassed();
    const attempts = await decode(rows);
    for (const [index, row] of rows.entries()) {
      const attempt = attempts[index]!;
      const reason = isSilent(attempt, options) ? undefined : fault(attempt, row.context, options);
      tries[row.segment]!.push({ row, attempt, reason });
      if (reason === undefined) settled[row.segment] = true;
    }
  };

  const [temperature = 0, ...hotter] = options.temperatures;
  await climb((segment) => [{ context: contexts[segment]!, temperature, draw: 0 }]);
  await climb((segment) =>
    contexts[segment] === 'short' ? [{ context: 'full', temperature, draw: 0 }] : [],
  );
  await climb(() => hotter.map((temperature, index) => ({ context: 'full', temperature, draw: index + 1 })));
  return tries.map((all) => outcome(all, options));
}

/** openai/whisper's rule for silence: likely no speech, and the text is unlikely too. */
export function isSilent(
  attempt: Pick<Attempt, 'noSpeechProbability' | 'avgLogprob'>,
  options: Thresholds,
): boolean {
  return (
    attempt.noSpeechProbability > options.noSpeechThreshold && attempt.avgLogprob < options.logprobThreshold
  );
}

/** Why an attempt cannot be kept, or undefined. */
export function fault(
  attempt: Attempt,
  context: 'short' | 'full',
  options: Thresholds,
): FallbackReason | undefined {
  if (attempt.compressionRatio > options.compressionRatioThreshold) return 'compression-ratio';
  // A short context makes the decoder say things twice; with the whole window only a third time is one too many, else
  // a speaker who repeats a sentence would be corrected
  const tooOften = context === 'short' ? 2 : 3;
  if (timesSaid(attempt.text, tooOften) >= tooOften) return 'repetition';
  if (attempt.hitTokenLimit) return 'token-limit';
  if (attempt.avgLogprob < options.logprobThreshold) return 'avg-logprob';
  return undefined;
}

function outcome<A extends Attempt>(tries: readonly Try<A>[], options: Thresholds): Outcome<A> {
  const best = tries.reduce((kept, next) => (isBetter(next, kept) ? next : kept));
  const fallbacks = tries.flatMap(({ row, reason }) =>
    reason === undefined || row === best.row
      ? []
      : [{ context: row.context, temperature: row.temperature, reason }],
  );
  const { attempt, row, reason } = best;
  return { attempt, row, fallbacks, fault: reason, silent: isSilent(attempt, options) };
}

/** Without fault first; then unlikely before looping (loops are confident); then by log-probability. */
function isBetter<A extends Attempt>(a: Try<A>, b: Try<A>): boolean {
  const rank = ({ reason }: Try<A>) => (reason === undefined ? 2 : reason === 'avg-logprob' ? 1 : 0);
  if (rank(a) !== rank(b)) return rank(a) > rank(b);
  return a.attempt.avgLogprob > b.attempt.avgLogprob;
}
