import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import {
  errorsOf,
  percentOf,
  scoreTranscript,
  sumScores,
} from '@murmuration/pipeline/evaluation/score-transcript';
import type { CutSegment } from '@murmuration/pipeline/hearing/cut-channels';
import { hearOnce } from '@murmuration/pipeline/hearing/hear-segments';
import { place, speechOf, toHearable } from '@murmuration/pipeline/hearing/placed-segment';
import { finishTranscript } from '@murmuration/pipeline/merge/finish-transcript';
import { mergeSegments } from '@murmuration/pipeline/merge/merge-segments';
import { type Engine, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { countEscalated } from '@murmuration/pipeline/transcripts/count-escalated';
import { median } from '../../functions/cli/median.ts';
import type { Clip } from './clips.ts';

/** A way to transcribe that is compared with others. */
export interface Variant {
  readonly name: string;
  readonly cut: (clip: Clip) => Promise<CutSegment[]>;
  readonly engine: Engine;
  readonly decoding?: DecodingInput;
  /** Second looks and guards too, as a recording has them. @default the engine alone */
  readonly isWhole?: boolean;
}

/** What all rounds of a variant came to. The words are the same in every round. */
export interface VariantFigures {
  readonly variant: string;
  readonly wordErrorPercent: number | null;
  readonly characterErrorPercent: number | null;
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  readonly noiseWords: number;
  readonly audioSeconds: number;
  /** What the engine was given. */
  readonly segmentSeconds: number;
  readonly segments: number;
  readonly escalated: number;
  readonly fallbacks: number;
  /** Medians: listening for voices and cutting; the engine by the clock, and by the processor's time of all threads. */
  readonly cutSeconds: number;
  readonly engineSeconds: number;
  readonly engineCpuSeconds: number;
}

interface Lap {
  readonly texts: readonly string[];
  readonly cutSeconds: number;
  readonly engineSeconds: number;
  readonly engineCpuSeconds: number;
  readonly segments: number;
  readonly segmentSeconds: number;
  readonly escalated: number;
  readonly fallbacks: number;
}

/** Every variant in every round, so that a busy moment of the machine hits all of them; a first round warms up. */
export async function measureVariants(
  variants: readonly Variant[],
  clips: readonly Clip[],
  rounds: number,
): Promise<VariantFigures[]> {
  const laps = new Map<Variant, Lap[]>(variants.map((variant) => [variant, []]));
  for (const variant of variants) await run(variant, clips.slice(0, 2));
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) laps.get(variant)!.push(await run(variant, clips));
  }
  return variants.map((variant) => figuresOf(variant, laps.get(variant)!, clips));
}

async function run(variant: Variant, clips: readonly Clip[]): Promise<Lap> {
  const { cut, engine, decoding = {}, isWhole = false } = variant;
  const cutStarted = performance.now();
  const cuts: CutSegment[][] = [];
  for (const clip of clips) cuts.push(await cut(clip));
  const cutSeconds = (performance.now() - cutStarted) / 1000;
  const segments = cuts.flat();
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  const options = { language: 'en', ...decoding };
  const heard = isWhole
    ? await hearWhole(cuts, engine, options)
    : await engine.transcribe(
        segments.map(({ pcm }) => pcm),
        options,
      );
  const { user, system } = process.cpuUsage(cpuBefore);
  const engineSeconds = (performance.now() - started) / 1000;
  const transcripts = heard.values();
  const texts = cuts.map((segments, index) => {
    const placed = segments.map((segment) =>
      place(transcripts.next().value!, { ...segment, channel: undefined }),
    );
    const durationSeconds = clips[index]!.pcm.length / SAMPLE_RATE_HERTZ;
    const recording = { model: engine.modelId, decoding, durationSeconds };
    if (!isWhole) return mergeSegments(placed, recording).text;
    const speech = segments.flatMap((segment) => speechOf({ ...segment, channel: undefined }));
    return finishTranscript({ ...recording, heard: placed, speech, keepWords: false }).transcript.text;
  });
  return {
    texts,
    cutSeconds,
    engineSeconds,
    engineCpuSeconds: (user + system) / 1e6,
    segments: segments.length,
    segmentSeconds: segments.reduce((sum, { pcm }) => sum + pcm.length, 0) / SAMPLE_RATE_HERTZ,
    escalated: countEscalated(heard),
    fallbacks: heard.reduce((sum, { fallbacks }) => sum + fallbacks.length, 0),
  };
}

/** Words are timed, and all of it is looked at twice, where a recording has more than one segment. */
async function hearWhole(
  cuts: readonly (readonly CutSegment[])[],
  engine: Engine,
  options: DecodingInput,
): Promise<SegmentTranscript[]> {
  const heard = new Map<CutSegment, SegmentTranscript>();
  for (const words of [false, true]) {
    const segments = cuts.filter(({ length }) => length > 1 === words).flat();
    const { transcripts } = await hearOnce(
      segments.map(toHearable),
      { ...options, words },
      { engine },
      undefined,
    );
    for (const [index, segment] of segments.entries()) heard.set(segment, transcripts[index]!);
  }
  return cuts.flat().map((segment) => heard.get(segment)!);
}

function figuresOf({ name }: Variant, laps: readonly Lap[], clips: readonly Clip[]): VariantFigures {
  const [first] = laps;
  const scores = clips.map(({ text }, index) => scoreTranscript(text, first!.texts[index]!, 'en'));
  const speech = sumScores(scores.filter(({ words }) => words > 0));
  const noise = sumScores(scores.filter(({ words }) => words === 0));
  const middle = (field: 'cutSeconds' | 'engineSeconds' | 'engineCpuSeconds') =>
    rounded(median(laps.map((lap) => lap[field])));
  return {
    variant: name,
    wordErrorPercent: percentOf(errorsOf(speech), speech.words),
    characterErrorPercent: percentOf(speech.characterErrors, speech.characters),
    words: speech.words,
    substitutions: speech.substitutions,
    deletions: speech.deletions,
    insertions: speech.insertions,
    noiseWords: noise.insertions,
    audioSeconds: rounded(clips.reduce((sum, { pcm }) => sum + pcm.length, 0) / SAMPLE_RATE_HERTZ),
    segmentSeconds: rounded(first!.segmentSeconds),
    segments: first!.segments,
    escalated: first!.escalated,
    fallbacks: first!.fallbacks,
    cutSeconds: middle('cutSeconds'),
    engineSeconds: middle('engineSeconds'),
    engineCpuSeconds: middle('engineCpuSeconds'),
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;
