import { createEngine } from '@murmuration/whisper/engine';
import { milliseconds, round } from './graph-run.ts';
import { type ExpectedClip, readClips, wordsOptions } from './measure-words.ts';
import { openAsServed } from './open-as-served.ts';
import { workload } from './workload.ts';

const ROUNDS = 3;
const options = { ...wordsOptions, words: false };

/** What `npm run model -- variants --record --gpu FILE` reads. */
interface GpuSpeeds {
  readonly hardware: string;
  readonly baseline: string;
  /** Times real time. */
  readonly models: Readonly<Record<string, number>>;
}

/**
 * Real weights beside each other, as `variants --measure` does on a processor: greedy, with the whole 30 s of context; but the
 * clips, over and over, fill one batch, as the server would. Three times in turn, every other one in the other order; the
 * fastest run of each counts. One model is open at a time: several with CUDA graphs have not been seen to work.
 */
export async function measureVariants(
  folders: Readonly<Record<string, string>>,
  baseline: string,
  clips: readonly ExpectedClip[],
  device: string,
) {
  const sounds = readClips(clips);
  const rows = Array.from({ length: workload.serverRows }, (_, index) => sounds[index % sounds.length]!);
  const audioMilliseconds = rows.reduce((sum, { length }) => sum + length, 0) / 16;
  const names = Object.keys(folders);
  const runs = new Map<string, number[]>(names.map((name) => [name, []]));
  const tokens: Record<string, number> = {};
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const engine = await createEngine(
        { modelFolder: folders[name]!, batchSize: rows.length },
        { openSession: (model) => openAsServed(model) },
      );
      // Sets things up, captures included
      const heard = await engine.transcribe(rows, options);
      tokens[name] = heard.reduce((sum, transcript) => sum + transcript.tokens.length, 0);
      for (let i = 0; i < workload.throughputRuns; i++) {
        runs.get(name)!.push(await milliseconds(() => engine.transcribe(rows, options)));
      }
      await engine.close();
    }
  }
  const least = (name: string) => Math.min(...runs.get(name)!);
  const speeds: GpuSpeeds = {
    hardware: `${device}, ${rows.length} clips at once`,
    baseline,
    models: Object.fromEntries(names.map((name) => [name, round(audioMilliseconds / least(name))])),
  };
  // A model that goes on and on is slow for that
  return {
    speeds,
    leastMilliseconds: Object.fromEntries(names.map((name) => [name, round(least(name))])),
    tokens,
  };
}
