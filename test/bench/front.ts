import { basename } from 'node:path';
import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { report } from './report.ts';

/** Speed and outcome of all that comes before the engine: decoding, listening for voices, cutting. */
export async function measureFront(
  paths: readonly string[],
  { name, threads }: { name: string; threads: number },
): Promise<void> {
  const voice = await createVoiceDetector({ threads });
  const decode = async (path: string) => (await mediaDecoder().decode(path)).blocks;
  const rows: Record<string, string | number>[] = [];
  for (const path of paths) {
    // First, so that its memory is not that of what follows
    let speechSamples = 0;
    const whole = await timed(async () => {
      const segments: { samples: number; overlapSamples: number }[] = [];
      for await (const { pcm, overlapSamples, speech } of cut(await decode(path), { voice })) {
        segments.push({ samples: pcm.length, overlapSamples });
        for (const span of speech ?? []) speechSamples += span.endSample - span.startSample;
      }
      return segments;
    });
    const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6;
    const decoding = await timed(async () => samplesOf(await decode(path)));
    const seconds = decoding.result / SAMPLE_RATE_HERTZ;
    const timesRealTime = (milliseconds: number) => Math.round((seconds * 1000) / milliseconds);
    const pcm = await firstSeconds(await decode(path), 600);
    const listening = await timed(async () => {
      const stream = voice.listen();
      await stream.push(pcm);
      await stream.end();
    });
    const segments = whole.result;
    const heard = segments.reduce((sum, { samples }) => sum + samples, 0) / SAMPLE_RATE_HERTZ;
    rows.push({
      file: basename(path),
      seconds: Math.round(seconds),
      'decode × real time': timesRealTime(decoding.milliseconds),
      'voice × real time': Math.round(pcm.length / SAMPLE_RATE_HERTZ / (listening.milliseconds / 1000)),
      'decode, voice, cut × real time': timesRealTime(whole.milliseconds),
      segments: segments.length,
      'mean s': Number((heard / segments.length).toFixed(1)),
      'cuts in speech': segments.filter(({ overlapSamples }) => overlapSamples > 0).length,
      'speech %': Math.round((speechSamples / SAMPLE_RATE_HERTZ / seconds) * 100),
      'peak MB': Math.round(peakMegabytes),
    });
  }
  await voice.close();
  report(name, { threads, rows });
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; milliseconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, milliseconds: performance.now() - started };
}

async function samplesOf(blocks: AsyncIterable<Pcm>): Promise<number> {
  let samples = 0;
  for await (const block of blocks) samples += block.length;
  return samples;
}

async function firstSeconds(blocks: AsyncIterable<Pcm>, seconds: number): Promise<Pcm> {
  const pcm = new Float32Array(seconds * SAMPLE_RATE_HERTZ);
  let filled = 0;
  for await (const block of blocks) {
    const part = block.subarray(0, pcm.length - filled);
    pcm.set(part, filled);
    filled += part.length;
    if (filled === pcm.length) break;
  }
  return pcm.subarray(0, filled);
}
