import { readFileSync } from 'node:fs';
import { createEngine } from '@murmuration/whisper/engine';
import type { EnginePorts } from '@murmuration/whisper/model-engine';
import { milliseconds, round } from './graph-run.ts';
import { workload } from './workload.ts';

/** What the CPU's fp32 graph heard: made by `expect-words.ts`. `file` holds float32 at 16 kHz. */
export interface ExpectedClip {
  readonly offset: number;
  readonly samples: number;
  readonly tokens: readonly number[];
  readonly words: readonly { readonly startSeconds: number }[];
}

export const wordsOptions = {
  language: 'en',
  shortContext: false,
  temperatures: [0],
  words: true,
  noSpeechThreshold: 1,
};

/** The sound of all clips. */
export function readClips(clips: readonly ExpectedClip[]): Float32Array[] {
  const audio = new Int16Array(new Uint8Array(readFileSync('clips.s16')).buffer);
  return clips.map(({ offset, samples }) =>
    Float32Array.from(audio.subarray(offset, offset + samples), (value) => value / 32_768),
  );
}

/** Real weights: are the tokens those of the CPU's fp32 graph? */
export async function measureWords(folder: string, clips: readonly ExpectedClip[], ports?: EnginePorts) {
  const segments = readClips(clips);
  const engine = await createEngine({ modelFolder: folder, batchSize: clips.length }, ports);
  const heard = await engine.transcribe(segments, wordsOptions);
  const alone = [];
  for (const segment of segments) alone.push(...(await engine.transcribe([segment], wordsOptions)));
  // Of the batch, without and with word times
  const least = async (words: boolean) => {
    const all: number[] = [];
    let results = heard;
    for (let i = 0; i < workload.wordRuns; i++) {
      all.push(
        await milliseconds(async () => {
          results = await engine.transcribe(segments, { ...wordsOptions, words });
        }),
      );
    }
    return { milliseconds: round(Math.min(...all)), results };
  };
  const plain = await least(false);
  const timed = await least(true);
  await engine.close();
  const same = (a: readonly number[], b: readonly number[]) => JSON.stringify(a) === JSON.stringify(b);
  const countEqual = (results: readonly { readonly tokens: readonly number[] }[]) =>
    results.filter(({ tokens }, index) => same(tokens, clips[index]!.tokens)).length;
  const starts = heard.flatMap(({ tokens, words }, index) =>
    same(tokens, clips[index]!.tokens) && words?.length === clips[index]!.words.length
      ? words.map((word, place) => Math.abs(word.startSeconds - clips[index]!.words[place]!.startSeconds))
      : [],
  );
  return {
    clips: clips.length,
    equal: countEqual(heard),
    equalAlone: countEqual(alone),
    // Without word times: by other graphs, where there are graphs
    equalPlain: countEqual(plain.results),
    tokens: clips.reduce((sum, { tokens }) => sum + tokens.length, 0),
    ...{ plainMilliseconds: plain.milliseconds, timedMilliseconds: timed.milliseconds },
    wordStarts: starts.length,
    equalStarts: starts.filter((seconds) => seconds === 0).length,
    meanStartSeconds: starts.reduce((sum, seconds) => sum + seconds, 0) / Math.max(1, starts.length),
    different: heard
      .filter(({ tokens }, index) => !same(tokens, clips[index]!.tokens))
      .map(({ text }) => text.slice(0, 120)),
  };
}
