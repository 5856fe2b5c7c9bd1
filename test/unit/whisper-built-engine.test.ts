import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { findBuiltEngine } from '@murmuration/whisper/built-engine';
import type { Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import type { SessionOptions } from '@murmuration/whisper/session';
import { openTensorRtSession } from '@murmuration/whisper/tensorrt-session';
import { describe, expect, it } from 'vitest';
import { manifestOf } from './factories/whisper-model.ts';

const sha256 = 'a'.repeat(64);
const h100 = { name: 'NVIDIA H100 80GB HBM3', computeCapability: '9.0' };
const built = {
  format: 1,
  gpu: h100.name,
  computeCapability: '9.0',
  tensorRtVersion: '10.16.1',
  precision: 'fp16',
  graphSha256: sha256,
  rows: [1, 16, 64],
  positions: [750, 1500, 1500],
  graph: 'model.onnx',
};

/** A model's folder with engines: name → engine.json. */
async function modelOf(engines: Readonly<Record<string, unknown>>): Promise<Model> {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-engines-'));
  for (const [name, engine] of Object.entries(engines)) {
    await mkdir(join(folder, 'engines', name), { recursive: true });
    const text = typeof engine === 'string' ? engine : JSON.stringify(engine);
    await writeFile(join(folder, 'engines', name, 'engine.json'), text);
  }
  const manifest = manifestOf({
    graph: { file: 'model.onnx', target: 'cuda', precision: 'fp16', opset: 20 },
    files: { 'model.onnx': { sha256, sizeBytes: 1 } },
  });
  return {
    folder,
    manifest,
    graphPath: join(folder, 'model.onnx'),
    tokenizerPath: join(folder, 'tokenizer.json'),
  };
}

describe('a built engine', () => {
  it('is found for its GPU, its graph and batches that it takes, the narrowest of several', async () => {
    const model = await modelOf({
      wide: { ...built, rows: [1, 64, 128] },
      narrow: built,
      small: { ...built, rows: [1, 4, 8] },
      'half-made': '{',
      later: { ...built, format: 2 },
    });
    const graphIn = (name: string) => ({ graphPath: join(model.folder, 'engines', name, 'model.onnx') });
    expect(await findBuiltEngine(model, h100, 16)).toEqual(graphIn('narrow'));
    expect(await findBuiltEngine(model, h100, 8)).toEqual(graphIn('small'));
    expect(await findBuiltEngine(model, h100, 128)).toEqual(graphIn('wide'));
  });

  it('is known by the hash of its weights too, where they lie in a file of their own', async () => {
    // sha256 of "aaa…bbb…"
    const both = 'fa0dafbf43f1f551e536353e9d1a942a8e86e41a0b58dfeaf264ef217f6b862a';
    const model = await modelOf({ engine: { ...built, graphSha256: both } });
    const files = {
      'model.onnx': { sha256, sizeBytes: 1 },
      'model.onnx.data': { sha256: 'b'.repeat(64), sizeBytes: 1 },
    };
    const large = { ...model, manifest: { ...model.manifest, files } };
    expect(await findBuiltEngine(large, h100, 16)).toHaveProperty('graphPath');
    expect(await findBuiltEngine(model, h100, 16)).toHaveProperty('problem');
  });

  it.each<[string, unknown, typeof h100 | undefined, number, RegExp]>([
    [
      'another GPU',
      built,
      { ...h100, name: 'NVIDIA L4', computeCapability: '8.9' },
      16,
      /no engine for NVIDIA L4/,
    ],
    ['another graph', { ...built, graphSha256: 'b'.repeat(64) }, h100, 16, /from another graph/],
    ['a larger batch', built, h100, 128, /batches of 64, not 128/],
    ['no GPU', built, undefined, 16, /shows no GPU/],
    ['a graph out of its folder', { ...built, graph: '../model.onnx' }, h100, 16, /no engine/],
  ])('is not used for %s', async (_, engine, gpu, batchSize, problem) => {
    const found = await findBuiltEngine(await modelOf({ engine }), gpu, batchSize);
    expect(found).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe('a session on TensorRT', () => {
  const session: Session = {
    run: async () => {
      throw new Error('not planned');
    },
    close: async () => undefined,
  };

  async function opened(engines: Readonly<Record<string, unknown>>, fails = false) {
    const model = await modelOf(engines);
    const asked: [path: string, providers: SessionOptions['providers']][] = [];
    const warnings: string[] = [];
    const result = await openTensorRtSession(
      model,
      { providers: ['tensorrt'], batchSize: 16 },
      {
        openSession: async ({ graphPath }, { providers } = {}) => {
          asked.push([graphPath.slice(model.folder.length), providers]);
          if (fails && providers?.[0] === 'tensorrt') {
            throw new MurmurationError('internal', 'libnvinfer.so.10: cannot open shared object file');
          }
          return session;
        },
        gpuKind: async () => h100,
        warn: (message) => warnings.push(message),
      },
    );
    expect(result).toBe(session);
    return { asked, warnings };
  }

  it('opens the graph with the engine', async () => {
    const { asked, warnings } = await opened({ engine: built });
    expect(asked).toEqual([['/engines/engine/model.onnx', ['tensorrt']]]);
    expect(warnings).toEqual([]);
  });

  it('goes to CUDA where nothing was built, and says how to build it', async () => {
    const { asked, warnings } = await opened({});
    expect(asked).toEqual([['/model.onnx', ['cuda']]]);
    expect(warnings).toEqual([
      expect.stringMatching(/runs on CUDA without TensorRT.*build-engine whisper-toy/),
    ]);
  });

  it('goes to CUDA where its libraries are missing, and names them', async () => {
    const { asked, warnings } = await opened({ engine: built }, true);
    expect(asked).toEqual([
      ['/engines/engine/model.onnx', ['tensorrt']],
      ['/model.onnx', ['cuda']],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/libnvinfer\.so\.10: cannot open.*LD_LIBRARY_PATH/)]);
  });
});
