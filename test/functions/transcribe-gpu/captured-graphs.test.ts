import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RunRequest, RunResult } from '@murmuration/whisper/graph-run';
import { type Model, readManifest } from '@murmuration/whisper/load-model';
import { openSession } from '@murmuration/whisper/session';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hasCapturedGraphs,
  openCapturedSession,
} from '../../../functions/transcribe-gpu/devices/captured/open-captured-session.ts';
import {
  type GpuOptions,
  openGpuSession,
} from '../../../functions/transcribe-gpu/devices/open-gpu-session.ts';
import { tinyModel } from '../../engine/recordings.ts';

const VOCABULARY = 400;
const END = 200;
const START = 201;
const onProcessor = { provider: 'cpu', deviceId: 0 } as const;

/** models/tests/captured_fixture.py: random weights, graphs that a processor can run. */
async function fixture(): Promise<Model> {
  const folder = fileURLToPath(new URL('../../fixtures/captured', import.meta.url));
  const manifest = await readManifest(tinyModel);
  const file = { sha256: '0'.repeat(64), sizeBytes: 1 };
  const names = [
    'model.onnx',
    'begin.onnx',
    'step.onnx',
    'step-wide.onnx',
    'step-aligned.onnx',
    'finish.onnx',
    'weights.json',
  ];
  return {
    folder,
    graphPath: `${folder}/model.onnx`,
    tokenizerPath: '',
    manifest: {
      ...manifest,
      id: 'random',
      dimensions: { ...manifest.dimensions, textContext: 64, vocabulary: VOCABULARY },
      tokens: { ...manifest.tokens, endOfText: END, startOfTranscript: START, noSpeech: 205 },
      alignmentHeads: [
        [0, 1],
        [2, 0],
        [2, 1],
      ],
      files: Object.fromEntries(names.map((name) => [name, file])),
    },
  };
}

interface Asked {
  readonly seconds: number;
  readonly maxNewTokens: readonly number[];
  /** Of the end token, in every mask. */
  readonly endBonus: number;
  readonly masks: number;
  readonly forced: readonly number[];
  readonly alignment: boolean;
  readonly timestamps: boolean;
  readonly temperature: number;
}

function toRequest(asked: Asked): RunRequest {
  const rows = asked.maxNewTokens.length;
  const each = <T>(value: T) => new Array<T>(rows).fill(value);
  const samples = Math.round(asked.seconds * 50) * 320;
  const pcm = Float32Array.from(
    { length: rows * samples },
    (_, i) => 0.3 * Math.sin(i * (0.01 + 0.003 * Math.floor(i / samples))),
  );
  const data = new Float32Array(asked.masks * VOCABULARY);
  for (let step = 0; step < asked.masks; step++) data[step * VOCABULARY + END] = asked.endBonus;
  return {
    ...{ pcm, rows, lengths: each(samples / 320), silenceStride: 0, audioPositions: each(samples / 320) },
    ...{ prompts: each([START, 203]), startOfTranscriptIndex: 0, maxNewTokens: asked.maxNewTokens },
    ...{ masks: { steps: asked.masks, data }, forced: asked.forced, probeTokens: [205, 3] },
    ...{ temperatures: each(asked.temperature), seeds: each(0n).map((_, row) => BigInt(row)) },
    ...{ timestamps: asked.timestamps, alignment: asked.alignment },
  };
}

interface RowTokens {
  readonly tokens: bigint[];
  readonly logprobs: Float32Array;
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(0, ...Array.from(a, (value, place) => Math.abs(value - b[place]!)));

/** The loop goes on past the limit of each row, as long as none has met its end: with nothing but the end token there. */
function expectSame(result: RunResult, expected: RunResult, atMost = { logprob: 1e-4, score: 3 }): void {
  const rows = expected.tokens.length / expected.steps;
  const perStep = expected.alignment.data.length / expected.steps;
  const alignment = Array.prototype.slice.call(expected.alignment.data, 0, result.steps * perStep);
  expect(result.steps).toBeLessThanOrEqual(expected.steps);
  expect(result.tokens).toHaveLength(rows * result.steps);
  for (let row = 0; row < rows; row++) {
    const [own, theirs] = [result, expected].map(({ steps, tokens, logprobs }) => ({
      tokens: [...tokens.subarray(row * steps, (row + 1) * steps)],
      logprobs: logprobs.subarray(row * steps, (row + 1) * steps),
    })) as [RowTokens, RowTokens];
    expect(own.tokens).toEqual(theirs.tokens.slice(0, result.steps));
    expect(theirs.tokens.slice(result.steps).filter((token) => token !== BigInt(END))).toEqual([]);
    expect(farthest(own.logprobs, theirs.logprobs)).toBeLessThan(atMost.logprob);
  }
  expect(farthest(result.probes, expected.probes)).toBeLessThan(1e-6);
  expect(result.alignment).toMatchObject({ kind: 'scores', positions: expected.alignment.positions });
  expect(result.alignment.data).toHaveLength(alignment.length);
  // In 1024ths
  expect(farthest(result.alignment.data, alignment)).toBeLessThanOrEqual(atMost.score);
}

describe.skipIf(process.platform !== 'linux')('steps that can be captured', () => {
  let loop: Awaited<ReturnType<typeof openSession>>;
  let captured: Awaited<ReturnType<typeof openCapturedSession>>;
  let model: Model;
  beforeAll(async () => {
    model = await fixture();
    loop = await openSession(model, { threads: 1 });
    captured = await openCapturedSession(model, onProcessor);
  });
  afterAll(() => Promise.all([loop.close(), captured.close()]));

  async function compare(asked: Asked): Promise<RunResult> {
    const expected = await loop.run(toRequest(asked));
    const result = await captured.run(toRequest(asked));
    expectSame(result, expected);
    return result;
  }

  const plain: Asked = {
    ...{ seconds: 1, maxNewTokens: [12, 7, 3], endBonus: -1e9, masks: 2, forced: [] },
    ...{ alignment: false, timestamps: false, temperature: 0 },
  };

  it('say what the loop says', async () => {
    expect((await compare(plain)).steps).toBe(12);
  });

  it('say so of a model whose weights each graph reads by itself', async () => {
    const own = await openCapturedSession(model, { ...onProcessor, shareWeights: false });
    expectSame(await own.run(toRequest(plain)), await loop.run(toRequest(plain)));
    await own.close();
  });

  it.each([
    ['one row alone', { maxNewTokens: [20] }],
    ['one token each', { maxNewTokens: [1, 1] }],
    ['as many tokens as the model has places for', { maxNewTokens: [62, 5] }],
    ['forced tokens, and masks for steps of their own', { forced: [-1, 203], masks: 4 }],
    ['ends at different steps', { endBonus: 1.5, maxNewTokens: [40, 40, 40, 40, 40] }],
    ['timestamps, which no step of theirs can have', { timestamps: true, endBonus: 0 }],
    ['sampling, which none can have', { temperature: 1, endBonus: 0 }],
  ])('say it with %s', async (_, changes) => {
    for (const alignment of [false, true]) await compare({ ...plain, ...changes, alignment });
  });

  it('say it as the rows grow and shrink, which moves what they work on, with and without word times', async () => {
    for (const rows of [1, 9, 4, 17, 1, 33, 8, 70, 3]) {
      for (const alignment of rows % 2 === 0 ? [false, true] : [true, false]) {
        const maxNewTokens = Array.from({ length: rows }, (_, row) => 5 + (row % 7));
        await compare({ ...plain, seconds: 0.5, maxNewTokens, alignment });
      }
    }
  }, 60_000);

  it('say it of any runs in any order', async () => {
    const runs = fc.record({
      seconds: fc.constantFrom(0.5, 1, 2),
      maxNewTokens: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }),
      endBonus: fc.constantFrom(-1e9, 0, 1, 2),
      masks: fc.integer({ min: 1, max: 3 }),
      forced: fc.constantFrom([], [-1, 203]),
      alignment: fc.boolean(),
      timestamps: fc.constantFrom(false, false, false, true),
      temperature: fc.constantFrom(0, 0, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(runs, async (asked) => void (await compare(asked))),
      { numRuns: 30 },
    );
  }, 60_000);

  it('close while a run is under way, and again', async () => {
    const session = await openCapturedSession(model, onProcessor);
    const running = session.run(toRequest(plain));
    await session.close();
    await session.close();
    expect((await running).steps).toBe(12);
    await expect(session.run(toRequest(plain))).rejects.toMatchObject({ code: 'internal' });
  });

  it('fail as a session does where a graph is not there', async () => {
    const failing = openCapturedSession({ ...model, folder: '/nowhere' }, onProcessor);
    await expect(failing).rejects.toBeInstanceOf(MurmurationError);
  });
});

describe.skipIf(process.platform !== 'linux')('steps that read the audio in int8', () => {
  let folder: string;
  let loop: Awaited<ReturnType<typeof openSession>>;
  let captured: Awaited<ReturnType<typeof openCapturedSession>>;
  beforeAll(async () => {
    const model = await fixture();
    folder = await mkdtemp(`${tmpdir()}/int8-`);
    for (const part of ['', '/int8']) await cp(`${model.folder}${part}`, folder, { recursive: true });
    loop = await openSession(model, { threads: 1 });
    captured = await openCapturedSession({ ...model, folder }, onProcessor);
  });
  afterAll(() => Promise.all([loop.close(), captured.close(), rm(folder, { recursive: true })]));

  it('say what the loop says, with and without word times, as the rows grow and shrink', async () => {
    for (const [place, rows] of [3, 1, 9, 2, 17].entries()) {
      for (const alignment of place % 2 === 0 ? [false, true] : [true, false]) {
        const asked: Asked = {
          ...{ seconds: 1 + (place % 2), endBonus: -1e9, masks: 2, forced: [], alignment },
          ...{ timestamps: false, temperature: 0, maxNewTokens: new Array<number>(rows).fill(10) },
        };
        const expected = await loop.run(toRequest(asked));
        const result = await captured.run(toRequest(asked));
        expectSame(result, expected, { logprob: 0.02, score: 16 });
        // Else it would have read something else than int8
        expect(result.logprobs).not.toEqual(expected.logprobs);
      }
    }
  }, 60_000);
});

describe('the session of a GPU', () => {
  const gpu: GpuOptions = { cudaGraphs: true, arenaBytes: undefined };

  async function chosen(
    providers: readonly ('cpu' | 'cuda' | 'tensorrt')[],
    settings = gpu,
    {
      files,
      failure,
    }: { readonly files?: Model['manifest']['files']; readonly failure?: MurmurationError } = {},
  ) {
    const model = await fixture();
    const opened: unknown[] = [];
    const session = { run: () => Promise.reject(new Error('not asked for')), close: async () => undefined };
    const note =
      (kind: string, error?: MurmurationError) => async (_: Pick<Model, 'manifest'>, options?: object) => {
        if (error !== undefined) throw error;
        opened.push([kind, options]);
        return session;
      };
    const manifest = { ...model.manifest, ...(files !== undefined && { files }) };
    await openGpuSession({ ...model, manifest }, { providers, deviceId: 1, batchSize: 8 }, settings, {
      openCapturedSession: note('captured', failure),
      openSession: note('loop'),
      openTensorRtSession: note('TensorRT'),
      warn: (message) => void opened.push(message),
    });
    return opened;
  }

  it('has CUDA graphs, and the limit of its memory', async () => {
    expect(await chosen(['cuda'], { ...gpu, arenaBytes: 1 << 30 })).toEqual([
      ['captured', { provider: 'cuda', deviceId: 1, cuda: { gpu_mem_limit: '1073741824' } }],
    ]);
  });

  it('falls back to the loop where the graphs cannot be run there', async () => {
    const failure = new MurmurationError(
      'internal',
      'onnxruntime failed while transcribing 1 segments: invalid value',
    );
    expect(await chosen(['cuda'], gpu, { failure })).toMatchObject([
      'model random runs without CUDA graphs: onnxruntime failed while transcribing 1 segments: invalid value',
      ['loop', { deviceId: 1 }],
    ]);
  });

  it.each([
    new MurmurationError('out-of-memory', 'full'),
    new MurmurationError('internal', 'the GPU failed', { details: { fatal: true } }),
  ])('fails where the loop would fail, too: $message', async (failure) => {
    await expect(chosen(['cuda'], gpu, { failure })).rejects.toBe(failure);
  });

  it('has none where nobody wants them, the model has no graphs for them, or CUDA is not what runs it', async () => {
    const files = (await readManifest(tinyModel)).files;
    expect(hasCapturedGraphs({ ...(await fixture()).manifest, files })).toBe(false);
    expect(await chosen(['cuda'], { ...gpu, cudaGraphs: false })).toMatchObject([['loop', { deviceId: 1 }]]);
    expect(await chosen(['cuda'], gpu, { files })).toMatchObject([['loop', {}]]);
    expect(await chosen(['cpu'])).toMatchObject([['loop', {}]]);
    expect(await chosen(['tensorrt'])).toMatchObject([['TensorRT', {}]]);
  });
});
