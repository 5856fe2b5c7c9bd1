import { type ContextPlan, SAMPLES_PER_POSITION, windowOf } from './context.ts';
import type { RunRequest } from './graph-run.ts';
import type { Row } from './ladder.ts';
import type { Manifest } from './manifest.ts';
import type { createMasks } from './masks.ts';
import { probeTokens } from './probe-tokens.ts';
import { detectsLanguage, type Prompt } from './prompt.ts';

/** One row of a run, planned. */
export interface Job {
  readonly row: Row;
  readonly pcm: Float32Array;
  readonly plan: ContextPlan;
  readonly prompt: Prompt;
  /** Undefined where the run is to detect it. */
  readonly language: string | undefined;
  /** Text tokens and the end token. */
  readonly tokenLimit: number;
}

/** One run for `jobs`, which `batches` found to fit together. */
export function buildRequest(
  jobs: readonly Job[],
  options: { readonly seed: number; readonly words: boolean },
  manifest: Manifest,
  masks: ReturnType<typeof createMasks>,
): RunRequest {
  const { plan, prompt } = jobs[0]!;
  const samples = Math.max(...jobs.map((job) => job.plan.positions)) * SAMPLES_PER_POSITION;
  const pcm = new Float32Array(jobs.length * samples);
  for (const [index, job] of jobs.entries()) pcm.set(job.pcm, index * samples);
  // The key-value cache holds the prompt and all new tokens but the last
  const room = manifest.dimensions.textContext - prompt.tokens.length;
  return {
    pcm,
    rows: jobs.length,
    lengths: jobs.map((job) => job.plan.keptPositions),
    silenceStride: plan.silenceStride,
    audioPositions: jobs.map((job) => job.plan.audioPositions),
    prompts: jobs.map((job) => job.prompt.tokens),
    startOfTranscriptIndex: prompt.startOfTranscriptIndex,
    maxNewTokens: jobs.map((job) => Math.min(prompt.forced.length + job.tokenLimit, room)),
    masks: masks({ detectLanguage: detectsLanguage(prompt), timestamps: false }),
    forced: prompt.forced,
    probeTokens: probeTokens(manifest),
    temperatures: jobs.map((job) => job.row.temperature),
    seeds: jobs.map((job) => noiseSeed(options.seed, job.row.draw)),
    timestamps: false,
    alignment: options.words,
  };
}

/**
 * Groups jobs into runs of at most `batchSize`: those of one run share the prompt's length, the way to their language and the
 * window; similar lengths stand together, because the shorter ones are padded.
 */
export function batches<J extends Job>(jobs: readonly J[], batchSize: number): J[][] {
  const groups = new Map<string, J[]>();
  for (const job of jobs) {
    const { plan, prompt } = job;
    const key = [windowOf(plan), prompt.tokens.length, prompt.forced.length].join();
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups.values()].flatMap((group) => {
    group.sort((a, b) => a.plan.positions - b.plan.positions);
    const runs: J[][] = [];
    for (let i = 0; i < group.length; i += batchSize) runs.push(group.slice(i, i + batchSize));
    return runs;
  });
}

/** int64 of the graph. Draws of one segment are far apart, so that seed 1 does not repeat most of what seed 0 drew. */
function noiseSeed(seed: number, draw: number): bigint {
  return BigInt.asIntN(64, BigInt(seed) * 1_000_003n + BigInt(draw));
}
