import type { Attention } from './attention.ts';
import { averageLogprob } from './average-logprob.ts';
import type { Job } from './build-request.ts';
import { compressionRatio } from './compression-ratio.ts';
import type { ContextPlan } from './context.ts';
import type { RunRequest, RunResult } from './graph-run.ts';
import type { Attempt } from './ladder.ts';
import type { Manifest } from './manifest.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What the graph wrote for one row. */
export interface DecodedRow extends Attempt {
  /** Text tokens. */
  readonly tokens: readonly number[];
  /** One per text token. */
  readonly logprobs: readonly number[];
  /** Share of `language` among all languages at the start of the transcript; 1 where the model knows one only. */
  readonly languageProbability: number;
  readonly attention: Attention | undefined;
}

/** The rows of one run, in the order of its jobs. */
export function readAttempts(
  request: RunRequest,
  result: RunResult,
  jobs: readonly Pick<Job, 'plan' | 'language'>[],
  manifest: Pick<Manifest, 'tokens' | 'languages'>,
  tokenizer: Pick<Tokenizer, 'decode'>,
): DecodedRow[] {
  const { steps } = result;
  const { endOfText } = manifest.tokens;
  return jobs.map(({ plan, language }, row) => {
    const start = row * steps;
    // Past its own limit a row is filled with end tokens that it did not choose
    const limit = Math.min(steps, request.maxNewTokens[row]!);
    const chosen = Array.from(result.tokens.subarray(start, start + limit), Number);
    const end = chosen.indexOf(endOfText);
    const hitTokenLimit = end < 0;
    const textSteps: number[] = [];
    for (let step = request.forced.length; step < (hitTokenLimit ? limit : end); step++) {
      if (chosen[step]! < endOfText) textSteps.push(step);
    }
    const tokens = textSteps.map((step) => chosen[step]!);
    const logprobs = textSteps.map((step) => result.logprobs[start + step]!);
    const scored = result.logprobs.subarray(
      start + request.forced.length,
      start + (hitTokenLimit ? limit : end + 1),
    );
    const text = tokenizer.decode(tokens).trim();
    return {
      tokens,
      logprobs,
      text,
      avgLogprob: averageLogprob(scored, tokens.length),
      compressionRatio: compressionRatio(text),
      hitTokenLimit,
      noSpeechProbability: probability(result.probes[row * request.probeTokens.length]!),
      ...readLanguage(request, result, row, language, manifest.languages),
      attention: request.alignment
        ? readAttention(result, row, jobs.length, plan, hitTokenLimit ? textSteps : [...textSteps, end])
        : undefined,
    };
  });
}

function readLanguage(
  request: RunRequest,
  result: RunResult,
  row: number,
  known: string | undefined,
  languages: Manifest['languages'],
): Pick<DecodedRow, 'language' | 'languageProbability'> {
  const codes = Object.keys(languages);
  const from = row * request.probeTokens.length + 1;
  const probabilities = result.probes.subarray(from, from + codes.length);
  const likeliest = probabilities.indexOf(Math.max(...probabilities));
  const language = known ?? codes[likeliest] ?? 'en';
  const total = probabilities.reduce((sum, value) => sum + value, 0);
  const share = probabilities[codes.indexOf(language)];
  return {
    language,
    languageProbability: share === undefined || total <= 0 ? 1 : probability(share / total),
  };
}

/** (steps, rows, …, positions) of the run → the steps and audio positions of one row. */
function readAttention(
  { alignment }: RunResult,
  row: number,
  rows: number,
  plan: ContextPlan,
  steps: readonly number[],
): Attention {
  const { data } = alignment;
  const lines = alignment.kind === 'weights' ? alignment.heads : 1;
  const positions = Math.min(plan.audioPositions, alignment.positions);
  const out = new Float32Array(steps.length * lines * positions);
  let to = 0;
  for (const step of steps) {
    for (let line = 0; line < lines; line++) {
      const from = ((step * rows + row) * lines + line) * alignment.positions;
      for (let i = 0; i < positions; i++) out[to++] = data[from + i]!;
    }
  }
  const shape = { data: out, steps: steps.length, positions };
  return alignment.kind === 'weights'
    ? { kind: 'weights', heads: lines, ...shape }
    : { kind: 'scores', ...shape };
}

/** float32 softmax may leave [0, 1] by a rounding error. */
function probability(value: number): number {
  return Math.min(1, Math.max(0, value));
}
