import type { RunRequest } from '@murmuration/whisper/graph-run';
import { loadModel } from '@murmuration/whisper/load-model';
import { describe } from './describe-error.ts';
import { again, graphRequest, milliseconds, round } from './graph-run.ts';
import { type OwnOptions, openAsServed } from './open-as-served.ts';
import { watchMemory } from './watch-memory.ts';
import { workload } from './workload.ts';

/** cuDNN's attention in the encoder alone; 8 is onnxruntime's name for it in the bits of `sdpa_kernel`. */
export const cudnn = { encoderCuda: { sdpa_kernel: '8' } };

interface Way {
  readonly sessions: number;
  readonly way: string;
  readonly options?: OwnOptions;
  /** Of the model whose steps read the audio in int8. */
  readonly int8?: boolean;
}

const ways: readonly Way[] = [
  { sessions: 1, way: 'as one' },
  { sessions: 2, way: 'as one' },
  { sessions: 1, way: 'audio in int8', int8: true },
  ...(process.env['CUDNN']
    ? [
        { sessions: 1, way: "encoder by cuDNN's attention", options: cudnn },
        { sessions: 2, way: "encoder by cuDNN's attention", options: cudnn },
        { sessions: 1, way: "audio in int8, encoder by cuDNN's attention", options: cudnn, int8: true },
      ]
    : []),
];

/** The same GPU with one and two sessions, each of which has its next run waiting. Each way may fail alone. */
export async function measureSessions(folder: string, int8Folder: string) {
  const results = [];
  for (const { sessions, way, options = {}, int8 = false } of ways) {
    try {
      results.push(...(await measureWay(int8 ? int8Folder : folder, sessions, way, options)));
    } catch (error) {
      results.push({ sessions, way, failed: describe(error) });
    }
    console.log(JSON.stringify(results.at(-1)));
  }
  return results;
}

async function measureWay(folder: string, sessions: number, way: string, options: OwnOptions) {
  const model = await loadModel(folder);
  const memory = watchMemory();
  const captureLock = new SharedArrayBuffer(4);
  const open: Awaited<ReturnType<typeof openAsServed>>[] = [];
  const results = [];
  try {
    while (open.length < sessions) open.push(await openAsServed(model, { ...options, captureLock }));
    for (const rows of workload.sessionRows) {
      const asked = graphRequest(model, { rows, seconds: 30, tokens: workload.tokens });
      const runs = (requests: readonly RunRequest[]) =>
        Promise.all(requests.map((request, index) => open[index % sessions]!.run(request)));
      await runs(open.map(() => again(asked)));
      // As many for each
      const count = Math.ceil(workload.sessionRuns / sessions) * sessions;
      const requests = Array.from({ length: count }, () => again(asked));
      const each = (await milliseconds(() => runs(requests))) / count;
      results.push({
        ...{ sessions, way, rows, milliseconds: round(each), realTime: Math.round((rows * 30_000) / each) },
        peakMebibytes: await memory.peakMebibytes(),
      });
    }
    return results;
  } finally {
    await Promise.all(open.map((one) => one.close()));
    memory.stop();
  }
}
