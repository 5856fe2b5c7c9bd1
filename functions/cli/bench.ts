import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import { countEscalated } from '@murmuration/pipeline/transcripts/count-escalated';
import type { Provider } from '@murmuration/whisper/execution-providers';
import type { Rung } from '@murmuration/whisper/read-ladder';
import { interruptSignal } from './interrupt-signal.ts';
import { openLaptop } from './laptop.ts';
import { median } from './median.ts';
import { table } from './table.ts';
import { timedEngine } from './timed-engine.ts';
import { writeOut } from './write-out.ts';

export interface BenchOptions {
  readonly model: string;
  readonly threads?: number;
  readonly ladder?: readonly Rung[];
  readonly provider?: Provider;
  readonly runs: number;
}

/** Transcribes one recording again and again and prints how long that took. For comparisons: `npm run bench`. */
export async function bench(
  path: string,
  { model, threads, ladder, provider, runs }: BenchOptions,
): Promise<void> {
  const signal = interruptSignal();
  const loadStartedAt = performance.now();
  const laptop = await openLaptop({ model, threads, ladder, provider, cache: false });
  const loadSeconds = secondsSince(loadStartedAt);
  const engine = timedEngine(laptop.ports.engine);
  const ports = { ...laptop.ports, engine };
  const wholeSeconds: number[] = [];
  const engineSeconds: number[] = [];
  let audioSeconds = 0;
  let escalated = '';
  try {
    for (let run = 0; run < runs; run++) {
      const startedAt = performance.now();
      const before = engine.busySeconds();
      const { transcript } = await transcribeRecording({ source: path, decoding: {} }, ports, { signal });
      wholeSeconds.push(secondsSince(startedAt));
      engineSeconds.push(engine.busySeconds() - before);
      audioSeconds = transcript.durationSeconds;
      escalated = escalatedNote(transcript.segments);
    }
  } finally {
    await laptop.close();
  }
  const row = (label: string, seconds: readonly number[]) => [
    label,
    milliseconds(seconds[0]!),
    milliseconds(median(seconds)),
    `${(audioSeconds / median(seconds)).toFixed(1)} ×`,
  ];
  const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6;
  await writeOut(
    `${engine.modelId}, ${audioSeconds.toFixed(1)} s of audio, ${runs} runs\n\n` +
      table([
        ['', 'FIRST', 'MEDIAN', 'REAL TIME'],
        row('file to transcript', wholeSeconds),
        row('engine alone', engineSeconds),
      ]) +
      `\nmodel load ${milliseconds(loadSeconds)}, peak memory ${peakMegabytes.toFixed(0)} MB\n${escalated}`,
  );
}

function escalatedNote(segments: readonly SegmentTranscript[]): string {
  const count = countEscalated(segments);
  return count === 0
    ? ''
    : `${count} of ${segments.length} segments were written by another model of the ladder\n`;
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;
const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
