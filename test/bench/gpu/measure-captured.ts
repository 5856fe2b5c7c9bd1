import { openEnvironment } from '@murmuration/cuda/environment';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import { recordPlacements } from '@murmuration/cuda/placements';
import type { RunRequest, RunResult, Session } from '@murmuration/whisper/graph-run';
import { toTensors } from '@murmuration/whisper/graph-tensors';
import { loadModel, type Model } from '@murmuration/whisper/load-model';
import type { EnginePorts } from '@murmuration/whisper/model-engine';
import { openSession } from '@murmuration/whisper/session';
import { openCapturedGraphs } from '../../../functions/transcribe-gpu/devices/captured/captured-graphs.ts';
import type { RunTimes } from '../../../functions/transcribe-gpu/devices/captured/captured-options.ts';
import { openCapturedSession } from '../../../functions/transcribe-gpu/devices/captured/open-captured-session.ts';
import { describe } from './describe-error.ts';
import { again, graphRequest, measureRows, round } from './graph-run.ts';
import { cudnn } from './measure-sessions.ts';
import { place } from './open-as-served.ts';
import { watchMemory } from './watch-memory.ts';
import { workload } from './workload.ts';

export const capturedPorts: EnginePorts = { openSession: (model) => openCapturedSession(model, place) };

/** Loop and graphs as they are, then one thing changed each. `int8`: the same weights, whose steps read the audio in int8. */
const ways: Readonly<Record<string, (model: Model, int8: Model) => Promise<Session>>> = {
  loop: (model) => openSession(model, { ownThread: true }),
  captured: (model) => openCapturedSession(model, place),
  'captured, no XQA': (model) =>
    withEnvironment('ORT_ENABLE_XQA', '0', () => openCapturedSession(model, place)),
  'captured, arena grows as asked': (model) =>
    openCapturedSession(model, { ...place, cuda: { arena_extend_strategy: 'kSameAsRequested' } }),
  'captured, audio in int8': (_, int8) => openCapturedSession(int8, place),
  ...(process.env['CUDNN'] && {
    "captured, encoder by cuDNN's attention": (model) => openCapturedSession(model, { ...place, ...cudnn }),
    "captured, audio in int8, encoder by cuDNN's attention": (_, int8) =>
      openCapturedSession(int8, { ...place, ...cudnn }),
  }),
};

/** Until it is closed. */
async function withEnvironment(name: string, value: string, open: () => Promise<Session>): Promise<Session> {
  process.env[name] = value;
  const session = await open();
  return {
    run: (request) => session.run(request),
    close() {
      delete process.env[name];
      return session.close();
    },
  };
}

/** The decoder's steps as CUDA graphs beside the loop, and the same graphs started kernel by kernel. Each may fail alone. */
export async function measureCaptured(folder: string, int8Folder: string) {
  const [model, int8] = await Promise.all([loadModel(folder), loadModel(int8Folder)]);
  const report: Record<string, unknown> = {};
  const tried = async (name: string, work: () => unknown) => {
    try {
      report[name] = await work();
    } catch (error) {
      report[name] = { failed: describe(error) };
    }
    console.log(name, JSON.stringify(report[name]));
  };
  await tried('placements', () => elsewhere(model));
  await tried('placements, audio in int8', () => elsewhere(int8));
  const results = new Map<string, RunResult>();
  for (const roundNumber of [1, 2]) {
    for (const [name, open] of Object.entries(ways)) {
      const isMain = name === 'loop' || name === 'captured';
      if (roundNumber === 2 && !isMain) continue;
      await tried(`${name} ${roundNumber}`, () =>
        measureWay(
          model,
          () => open(model, int8),
          { isMain, roundNumber },
          (result) => results.set(name, result),
        ),
      );
    }
  }
  await tried('equal', () => compare(results.get('loop')!, results.get('captured')!));
  await tried('times', () => measureTimes(model));
  return report;
}

/** Nodes of one step that CUDA does not run, by which capturing would fail. */
function elsewhere({ folder }: Model): unknown {
  const environment = openEnvironment(loadOnnxRuntime());
  const cuda = place.provider === 'cuda' ? { device_id: '0' } : undefined;
  const found = ['step.onnx', 'step-aligned.onnx'].map((name) => {
    const graph = environment.openGraph(`${folder}/${name}`, { cuda, threads: 1, config: recordPlacements });
    const nodes = graph.placements();
    graph.close();
    const others = nodes.filter(({ provider }) => provider !== 'CUDAExecutionProvider');
    return { name, nodes: nodes.length, elsewhere: others.slice(0, place.provider === 'cuda' ? 30 : 2) };
  });
  environment.close();
  return found;
}

async function measureWay(
  model: Model,
  open: () => Promise<Session>,
  { isMain, roundNumber }: { readonly isMain: boolean; readonly roundNumber: number },
  keep: (result: RunResult) => void,
) {
  const { tokens, shortTokens, latencyRuns, throughputRuns, capturedRows, variantRows } = workload;
  const memory = watchMemory();
  const startedAt = performance.now();
  const session = await open();
  const loadMilliseconds = round(performance.now() - startedAt);
  try {
    const sizes: unknown[] = [];
    const measure = async (rows: number, seconds: number, runs: number, alignment = false) => {
      const size = { rows, seconds, tokens: seconds === 30 ? tokens : shortTokens, alignment };
      sizes.push(await measureRows(session, model, memory, size, runs));
    };
    await measure(1, 30, latencyRuns);
    await measure(1, 15, latencyRuns);
    if (roundNumber === 1) {
      for (const rows of isMain ? capturedRows : variantRows) await measure(rows, 30, throughputRuns);
    }
    if (isMain && roundNumber === 1) {
      await measure(1, 30, throughputRuns, true);
      await measure(capturedRows.at(-2) ?? capturedRows[0]!, 30, throughputRuns, true);
      keep(await session.run(graphRequest(model, { rows: capturedRows[0]!, seconds: 30, tokens })));
    }
    return { loadMilliseconds, sizes };
  } finally {
    await session.close();
    memory.stop();
  }
}

/** Random weights choose between tokens that are nearly alike: once two ways part, they never meet again. */
function compare(a: RunResult, b: RunResult) {
  const rows = a.tokens.length / a.steps;
  const equalUntil = Array.from({ length: rows }, (_, row) => {
    const place = a.tokens
      .subarray(row * a.steps, (row + 1) * a.steps)
      .findIndex((token, step) => token !== b.tokens[row * b.steps + step]);
    return place === -1 ? a.steps : place;
  });
  return { steps: [a.steps, b.steps], equalUntil };
}

/** Where the time of a run goes; the first of each size has the capture in `prepare`. */
function measureTimes({ folder, manifest }: Model): RunTimes[] {
  const all: RunTimes[] = [];
  const graphs = openCapturedGraphs({
    ...place,
    folder,
    audioContext: manifest.dimensions.audioContext,
    textContext: manifest.dimensions.textContext,
    alignmentHeads: manifest.alignmentHeads,
    observe: (times) =>
      all.push(
        Object.fromEntries(
          Object.entries(times).map(([key, value]) => [
            key,
            typeof value === 'number' ? round(value) : value,
          ]),
        ) as unknown as RunTimes,
      ),
  });
  try {
    for (const rows of [1, ...workload.capturedRows]) {
      const asked = graphRequest({ manifest } as Model, { rows, seconds: 30, tokens: workload.tokens });
      for (let run = 0; run < 3; run++) graphs.run(plain(again(asked)));
    }
  } finally {
    graphs.close();
  }
  return all;
}

const plain = (request: RunRequest) => toTensors(request) as never;
