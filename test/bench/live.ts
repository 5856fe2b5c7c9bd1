import { setTimeout as sleep } from 'node:timers/promises';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import type { Word } from '@murmuration/pipeline/contract/transcript';
import { liveTranscriber } from '@murmuration/pipeline/live/live-transcriber';
import { type Engine, type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { createEngine } from '@murmuration/whisper/engine';
import { findModel } from '@murmuration/whisper/model-registry';
import { median } from '../../functions/cli/median.ts';
import { matchWords } from './match-words.ts';
import { report } from './report.ts';

const recordings = ['jfk.flac', 'librispeech-1995-1837-0001.wav', 'librispeech-1272-141231-0002.mp3'];
/** As a microphone gives it. */
const BLOCK_SAMPLES = 0.1 * SAMPLE_RATE_HERTZ;
/** Silence at the end, as when a speaker stops and the microphone stays open. */
const TAIL_SAMPLES = 1.5 * SAMPLE_RATE_HERTZ;
const LISTEN_WINDOWS = 4;

/** A word as it came, in seconds since the first sample. */
interface Told extends Word {
  readonly toldSeconds: number;
}

/**
 * Streams recordings in real time. Reports how long after its end in the audio a word was shown for the first time as it
 * stayed, and how long until it was final. Where words end is what the engine hears in the whole recording.
 */
export async function measureLive({
  name,
  threads,
  model,
}: {
  name: string;
  threads: number;
  model: string;
}) {
  const engine = await createEngine({ modelFolder: await findModel(model), threads });
  const voice = await createVoiceDetector();
  const rows: Record<string, string | number>[] = [];
  const sum = { words: 0, first: [] as number[], final: [] as number[] };
  for (const file of recordings) {
    const pcm = await samplesOf(new URL(`../fixtures/audio/${file}`, import.meta.url).pathname);
    const [whole] = await engine.transcribe([pcm.subarray(0, 30 * SAMPLE_RATE_HERTZ)], { words: true });
    const { interim, final } = await stream(pcm, engine, voice);
    const seen = { words: whole!.words!.length, first: [] as number[], final: [] as number[] };
    for (const [index, match] of matchWords(whole!.words!, final)) {
      const last = match as Told;
      const first = interim.find(
        (word) => word.text === last.text && Math.abs(word.startSeconds - last.startSeconds) < 0.3,
      );
      const { endSeconds } = whole!.words![index]!;
      seen.final.push(last.toldSeconds - endSeconds);
      seen.first.push((first ?? last).toldSeconds - endSeconds);
    }
    sum.words += seen.words;
    sum.first.push(...seen.first);
    sum.final.push(...seen.final);
    rows.push({ file, ...rowOf(seen) });
  }
  rows.push({ file: 'all', ...rowOf(sum) });
  await engine.close();
  await voice.close();
  report(name, { threads, rows });
}

async function stream(pcm: Pcm, engine: Engine, voice: VoiceDetector) {
  const started = performance.now();
  const interim: Told[] = [];
  const final: Told[] = [];
  const live = liveTranscriber({ engine, voice: voice.listen(LISTEN_WINDOWS) }, (event) => {
    const toldSeconds = (performance.now() - started) / 1000;
    const list = event.kind === 'interim' ? interim : final;
    if ('words' in event) list.push(...event.words.map((word) => ({ ...word, toldSeconds })));
  });
  const audio = new Float32Array(pcm.length + TAIL_SAMPLES);
  audio.set(pcm);
  for (let at = 0; at < audio.length; at += BLOCK_SAMPLES) {
    const block = audio.subarray(at, at + BLOCK_SAMPLES);
    const due = ((at + block.length) / SAMPLE_RATE_HERTZ) * 1000;
    await sleep(Math.max(0, started + due - performance.now()));
    live.push(block);
  }
  live.end();
  await live.finished;
  return { interim, final };
}

function rowOf({ words, first, final }: { words: number; first: number[]; final: number[] }) {
  const milliseconds = (seconds: number[], share: number) =>
    Math.round(
      (share === 0.5
        ? median(seconds)
        : seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length * share)]!) * 1000,
    );
  return {
    words,
    'as in one piece': final.length,
    'shown median ms': milliseconds(first, 0.5),
    'shown 90 % ms': milliseconds(first, 0.9),
    'final median ms': milliseconds(final, 0.5),
    'final 90 % ms': milliseconds(final, 0.9),
  };
}

async function samplesOf(path: string): Promise<Pcm> {
  const parts: number[] = [];
  for await (const block of (await mediaDecoder().decode(path)).blocks)
    for (const sample of block) parts.push(sample);
  return Float32Array.from(parts);
}
