import type { RunRequest, Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import { noise } from './noise.ts';
import type { watchMemory } from './watch-memory.ts';

const NEVER = -1e9;

export interface Rows {
  readonly rows: number;
  readonly seconds: number;
  readonly tokens: number;
  readonly alignment?: boolean;
}

/** The graph alone: rows of one length, so many tokens each, none of which may be the end. */
export function graphRequest(model: Model, { rows, seconds, tokens, alignment = false }: Rows): RunRequest {
  const { tokens: special, dimensions } = model.manifest;
  const masks = new Float32Array(dimensions.vocabulary);
  masks[special.endOfText] = NEVER;
  const each = <T>(value: T) => new Array<T>(rows).fill(value);
  return {
    pcm: noise(rows * seconds * 16_000),
    rows,
    lengths: each(seconds * 50),
    silenceStride: 0,
    audioPositions: each(seconds * 50),
    prompts: each([
      special.startOfTranscript,
      special.startOfTranscript + 1,
      special.transcribe,
      special.noTimestamps,
    ]),
    startOfTranscriptIndex: 0,
    maxNewTokens: each(tokens),
    masks: { steps: 1, data: masks },
    forced: [],
    probeTokens: [special.noSpeech],
    temperatures: each(0),
    seeds: each(0n),
    timestamps: false,
    alignment,
  };
}

/** A run may take the audio away. */
export const again = (asked: RunRequest): RunRequest => ({ ...asked, pcm: asked.pcm.slice() });

export const round = (value: number) => Math.round(value * 10) / 10;

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** `count` runs after one that sets things up. */
export async function measureRows(
  session: Session,
  model: Model,
  memory: ReturnType<typeof watchMemory>,
  size: Rows,
  count: number,
) {
  const asked = graphRequest(model, size);
  const all: number[] = [];
  for (let i = 0; i <= count; i++) {
    const once = again(asked);
    all.push(await milliseconds(() => session.run(once)));
  }
  const first = all.shift()!;
  all.sort((a, b) => a - b);
  const median = all[all.length >> 1]!;
  return {
    ...{ alignment: false, ...size },
    ...{ first: round(first), least: round(all[0]!), median: round(median) },
    realTime: Math.round((size.rows * size.seconds * 1000) / median),
    peakMebibytes: await memory.peakMebibytes(),
  };
}
