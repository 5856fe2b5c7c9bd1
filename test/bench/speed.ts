import { median } from '../../functions/cli/median.ts';
import type { Contestant, Lap } from './contestant.ts';
import { report } from './report.ts';

const recordings = ['jfk.flac', 'wreck-a-nice-beach.wav', 'whats-the-weather-like.mp3'];

/** Rounds in which every contestant has its turn, so that a busy moment of the machine hits all of them. */
export async function measureSpeed(
  contestants: readonly Contestant[],
  { name, threads, rounds }: { name: string; threads: number; rounds: number },
): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  for (const recording of recordings) {
    const path = new URL(`../fixtures/audio/${recording}`, import.meta.url).pathname;
    const laps = new Map<Contestant, Lap[]>(contestants.map((contestant) => [contestant, []]));
    for (const contestant of contestants) await contestant.transcribe(path); // warm
    for (let round = 0; round < rounds; round++) {
      for (const contestant of contestants) laps.get(contestant)!.push(await contestant.transcribe(path));
    }
    const engine = (contestant: Contestant) => laps.get(contestant)!.map((lap) => lap.engineMilliseconds);
    const peer = contestants.find(({ name }) => name === 'faster-whisper int8');
    for (const contestant of contestants) {
      const times = engine(contestant);
      rows.push({
        recording,
        contestant: contestant.name,
        'engine ms (median)': Math.round(median(times)),
        'engine ms (best)': Math.round(Math.min(...times)),
        'with decoding ms': Math.round(median(laps.get(contestant)!.map((lap) => lap.totalMilliseconds))),
        'times faster-whisper int8': peer ? Number((median(engine(peer)) / median(times)).toFixed(2)) : '',
        'load ms': Math.round(contestant.loadMilliseconds),
        'peak MB': Math.round(laps.get(contestant)!.at(-1)!.peakMegabytes),
      });
    }
  }
  report(name, { threads, rounds, rows });
}
