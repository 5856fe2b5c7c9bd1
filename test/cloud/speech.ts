import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { wavOf } from '../functions/bad-files.ts';

const fixture = (file: string) => fileURLToPath(new URL(`../fixtures/audio/${file}`, import.meta.url));

/** 11 s: "ask not what your country can do for you". */
export const speech = (): Buffer => readFileSync(fixture('jfk.flac'));

/** The same as 16-bit samples at 16 kHz. */
export async function speechSamples(): Promise<Int16Array> {
  return Int16Array.from(await decoded(fixture('jfk.flac')), (sample) => Math.round(sample * 32_767));
}

/** Recordings, each with words that it alone holds. */
const voices = [
  { file: 'jfk.flac', words: 'not what your country' },
  { file: 'librispeech-1995-1837-0001.wav', words: 'first great sorrow' },
  { file: 'librispeech-1272-141231-0002.mp3', words: 'dripping blood' },
];

export interface LongSpeech {
  /** WAV. */
  readonly media: Buffer;
  readonly seconds: number;
  /** What is said, in order. */
  readonly said: readonly string[];
}

/** The three voices in an order without a period, with pauses of changing length: no segment is said twice. */
export async function longSpeech(seconds: number, seed = 1): Promise<LongSpeech> {
  const recordings = await Promise.all(
    voices.map(async ({ file, words }) => ({ words, pcm: await decoded(fixture(file)) })),
  );
  const next = randomBelow(seed);
  const parts: Float32Array[] = [];
  const said: string[] = [];
  let samples = 0;
  let turn = 0;
  while (samples < seconds * SAMPLE_RATE_HERTZ) {
    // Never one of them twice in a row: what is said twice in a row is taken for a loop of the engine.
    turn = (turn + 1 + next(recordings.length - 1)) % recordings.length;
    const { words, pcm } = recordings[turn]!;
    const pause = new Float32Array(SAMPLE_RATE_HERTZ / 2 + next(SAMPLE_RATE_HERTZ));
    parts.push(pcm, pause);
    said.push(words);
    samples += pcm.length + pause.length;
  }
  return { media: wavOf(joined(parts)), seconds: samples / SAMPLE_RATE_HERTZ, said };
}

/** The words of `longSpeech` that a transcript holds, in its order. */
export function heardIn(text: string): string[] {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z' ]+/g, ' ')
    .replace(/ +/g, ' ');
  return voices
    .flatMap(({ words }) =>
      [...plain.matchAll(new RegExp(words, 'g'))].map(({ index }) => ({ index, words })),
    )
    .sort((a, b) => a.index - b.index)
    .map(({ words }) => words);
}

async function decoded(path: string): Promise<Float32Array> {
  const { blocks } = await mediaDecoder().decode(path);
  const parts: Float32Array[] = [];
  for await (const block of blocks) parts.push(block.slice());
  return joined(parts);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whole numbers from 0 to below a limit, the same for the same seed (Park and Miller's generator). */
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}
