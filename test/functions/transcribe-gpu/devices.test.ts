import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine } from '@murmuration/pipeline/ports';
import { readManifest } from '@murmuration/whisper/load-model';
import { describe, expect, it } from 'vitest';
import { listGpus, nvidiaSmiMemoryProbe } from '../../../functions/transcribe-gpu/devices/list-gpus.ts';
import { type DeviceOptions, openDevices } from '../../../functions/transcribe-gpu/devices/open-devices.ts';
import type { EngineSetup } from '../../../functions/transcribe-gpu/devices/thread-messages.ts';
import { openThreadedEngine } from '../../../functions/transcribe-gpu/devices/threaded-engine.ts';
import { watchMemory } from '../../../functions/transcribe-gpu/devices/watch-memory.ts';
import { recording, tinyModel } from '../../engine/recordings.ts';
import { fakeEngine } from './fake-engine.ts';

const table = `0, GPU-aaaa-1, NVIDIA H100 80GB HBM3, 81559, 80994
1, GPU-bbbb-2, NVIDIA H100 80GB HBM3, 81559, 1024
`;
const MEBIBYTE = 1024 * 1024;

describe('the GPUs of a machine', () => {
  it('are read from nvidia-smi', async () => {
    expect(await listGpus(async () => table, undefined)).toEqual([
      {
        deviceId: 0,
        uuid: 'GPU-aaaa-1',
        name: 'NVIDIA H100 80GB HBM3',
        totalBytes: 81_559 * MEBIBYTE,
        freeBytes: 80_994 * MEBIBYTE,
      },
      expect.objectContaining({ deviceId: 1, uuid: 'GPU-bbbb-2', freeBytes: 1024 * MEBIBYTE }),
    ]);
  });

  it.each([
    ['1', ['GPU-bbbb-2']],
    ['1,0', ['GPU-bbbb-2', 'GPU-aaaa-1']],
    ['GPU-bbbb', ['GPU-bbbb-2']],
    ['0,-1,1', ['GPU-aaaa-1']],
    ['', []],
  ])('are counted as CUDA counts them with CUDA_VISIBLE_DEVICES=%s', async (visible, uuids) => {
    const gpus = await listGpus(async () => table, visible);
    expect(gpus.map(({ uuid }) => uuid)).toEqual(uuids);
    expect(gpus.map(({ deviceId }) => deviceId)).toEqual(uuids.map((_, index) => index));
  });

  it('are none without a driver, and none where it prints something else', async () => {
    expect(await listGpus(() => Promise.reject(new Error('spawn nvidia-smi ENOENT')), undefined)).toEqual([]);
    expect(await listGpus(async () => 'NVIDIA-SMI has failed\n', undefined)).toEqual([]);
  });

  it('tell their free memory, or that it cannot be told just now', async () => {
    expect(await nvidiaSmiMemoryProbe('GPU-aaaa-1', async () => '512\n').freeBytes()).toBe(512 * MEBIBYTE);
    expect(await nvidiaSmiMemoryProbe('GPU-aaaa-1', async () => '[N/A]\n').freeBytes()).toBeUndefined();
    const silent = nvidiaSmiMemoryProbe('GPU-aaaa-1', () => Promise.reject(new Error('time is up')));
    expect(await silent.freeBytes()).toBeUndefined();
  });
});

describe('devices', () => {
  const options = {
    modelFolder: tinyModel,
    provider: 'auto',
    mostSegments: undefined,
    latencyTargetMilliseconds: 1000,
    sessionsPerGpu: 1,
    cudaGraphs: true,
    arenaBytes: undefined,
  } as const;

  async function opened(
    target: 'cpu' | 'cuda',
    provider: 'auto' | 'cpu' | 'cuda' | 'tensorrt',
    gpuTable: string,
    changes: Partial<DeviceOptions> = {},
  ) {
    const engines: EngineSetup[] = [];
    const openEngine = async (asked: EngineSetup): Promise<Engine> => {
      engines.push(asked);
      return fakeEngine();
    };
    const { id, graph } = await readManifest(tinyModel);
    const gpus = await listGpus(async () => gpuTable, undefined);
    const manifest = { id, graph: { ...graph, target } };
    const devices = await openDevices({ ...options, provider, ...changes }, manifest, { openEngine, gpus });
    return { names: devices.map(({ name }) => name), engines };
  }

  it('are all GPUs, each with an engine of its own', async () => {
    const { names, engines } = await opened('cuda', 'auto', table);
    expect(names).toEqual(['gpu-0', 'gpu-1']);
    expect(engines).toMatchObject([
      { deviceId: 0, providers: ['cuda'], batchSize: 64 },
      { deviceId: 1, providers: ['cuda'], batchSize: 64 },
    ]);
  });

  it.each([
    ['there is no GPU', 'cpu', 'auto', ''],
    ['the model is built for one', 'cpu', 'auto', table],
    ['it is asked for', 'cpu', 'cpu', table],
  ] as const)('are the processor where %s', async (_, target, provider, gpuTable) => {
    const { names, engines } = await opened(target, provider, gpuTable);
    expect(names).toEqual(['cpu']);
    expect(engines).toMatchObject([{ providers: ['cpu'], batchSize: 4 }]);
  });

  it.each([
    ['auto', '', /no GPU was found/],
    ['cpu', table, /PROVIDER is cpu/],
  ] as const)('refuse a graph for CUDA on the processor (%s)', async (provider, gpuTable, reason) => {
    await expect(opened('cuda', provider, gpuTable)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(reason),
    });
  });

  it.each([
    ['one session of one GPU', true, 1, 1],
    ['two sessions of one GPU', true, 1, 2],
    ['two GPUs', true, 2, 1],
    ['two that are asked not to', false, 2, 1],
  ] as const)('have CUDA graphs or not, all alike: %s', async (_, cudaGraphs, gpus, sessionsPerGpu) => {
    const lines = table.split('\n').slice(0, gpus).join('\n');
    const { engines } = await opened('cuda', 'auto', lines, { cudaGraphs, sessionsPerGpu });
    expect(engines).toHaveLength(gpus * sessionsPerGpu);
    expect(engines.map(({ gpu }) => gpu?.cudaGraphs)).toEqual(engines.map(() => cudaGraphs));
    // One lock for all of them
    expect(new Set(engines.map(({ gpu }) => gpu?.captureLock)).size).toBe(1);
    delete process.env['ORT_ENABLE_XQA'];
  });

  it('go without XQA where a process has several, for it is ready on the first alone', async () => {
    delete process.env['ORT_ENABLE_XQA'];
    await opened('cuda', 'auto', table.split('\n').slice(0, 1).join('\n'));
    expect(process.env['ORT_ENABLE_XQA']).toBeUndefined();
    await opened('cuda', 'auto', table);
    expect(process.env['ORT_ENABLE_XQA']).toBe('0');
    delete process.env['ORT_ENABLE_XQA'];
  });

  it('are counted by CUDA in the order of nvidia-smi, unless told otherwise', async () => {
    delete process.env['CUDA_DEVICE_ORDER'];
    await opened('cuda', 'auto', table);
    expect(process.env['CUDA_DEVICE_ORDER']).toBe('PCI_BUS_ID');
    process.env['CUDA_DEVICE_ORDER'] = 'FASTEST_FIRST';
    await opened('cuda', 'auto', table);
    expect(process.env['CUDA_DEVICE_ORDER']).toBe('FASTEST_FIRST');
    delete process.env['CUDA_DEVICE_ORDER'];
  });

  it('run TensorRT where it is asked for', async () => {
    const { engines } = await opened('cuda', 'tensorrt', table);
    expect(engines.map(({ providers }) => providers)).toEqual([['tensorrt'], ['tensorrt']]);
  });
});

describe('several sessions of one GPU', () => {
  const GIBIBYTE = 1024 ** 3;
  const segmentBytes = GIBIBYTE / 10;

  /** A GPU whose sessions take 2 GiB each and keep what their largest batch needed. */
  async function sideBySide(sessionsPerGpu: number, totalBytes: number) {
    const sessions: { held: number; closed: boolean }[] = [];
    const free = () =>
      totalBytes -
      sessions.reduce((sum, { held, closed }) => sum + (closed ? 0 : 2 * GIBIBYTE + held * segmentBytes), 0);
    const openEngine = async (): Promise<Engine> => {
      const session = { held: 0, closed: false };
      const engine = fakeEngine({
        before: ({ length }) => {
          const held = Math.max(session.held, length);
          if (free() < (held - session.held) * segmentBytes)
            throw new MurmurationError('out-of-memory', 'full');
          session.held = held;
        },
      });
      if (free() < 2 * GIBIBYTE) throw new MurmurationError('out-of-memory', 'the model does not fit');
      sessions.push(session);
      return {
        ...engine,
        close: async () => {
          session.closed = true;
        },
      };
    };
    const { id, graph } = await readManifest(tinyModel);
    const devices = await openDevices(
      {
        modelFolder: tinyModel,
        provider: 'cuda',
        mostSegments: undefined,
        latencyTargetMilliseconds: 60_000,
        sessionsPerGpu,
        cudaGraphs: true,
        arenaBytes: undefined,
      },
      { id, graph },
      {
        openEngine,
        gpus: (await listGpus(async () => table, undefined)).slice(0, 1),
        memoryProbe: () => ({
          async freeBytes() {
            return free();
          },
        }),
      },
    );
    return { devices, sessions, free };
  }

  it('are devices of their own, each calibrated without the others, that share the free memory', async () => {
    const { devices, free } = await sideBySide(2, 12 * GIBIBYTE);
    expect(devices.map(({ name }) => name)).toEqual(['gpu-0.1', 'gpu-0.2']);
    expect(devices.map(({ cost }) => Math.round(cost!.bytesPerSegment!))).toEqual([
      Math.round(segmentBytes),
      Math.round(segmentBytes),
    ]);
    for (const { limit } of devices) limit.freeBytes(free());
    // 4.8 GiB are free, of which 80 % are 38 segments; 16 are held by each since its calibration
    expect(devices.map(({ limit }) => limit.current())).toEqual([35, 35]);
  });

  it('are as many as fit, and none is left half open', async () => {
    const one = await sideBySide(3, 5 * GIBIBYTE);
    expect(one.devices.map(({ name }) => name)).toEqual(['gpu-0.1']);
    const two = await sideBySide(3, 8.5 * GIBIBYTE);
    expect(two.devices).toHaveLength(2);
    const calibrated = await sideBySide(2, 6.5 * GIBIBYTE);
    expect(calibrated.devices).toHaveLength(1);
    expect(calibrated.sessions.map(({ closed }) => closed)).toEqual([false, true]);
    await expect(sideBySide(2, GIBIBYTE)).rejects.toMatchObject({ code: 'out-of-memory' });
  });

  it.each([
    ['8', 1, 8],
    ['4', 0.5, 4],
    ['2', 0.2, 2],
  ])(
    'are calibrated with %s segments where no more fit, and begin with so many',
    async (_, gibibytes, segments) => {
      const { devices, sessions } = await sideBySide(2, (2 + gibibytes) * GIBIBYTE);
      expect(devices.map(({ limit }) => limit.current())).toEqual([segments]);
      expect(Math.round(devices[0]!.cost!.bytesPerSegment!)).toBe(Math.round(segmentBytes));
      // Whatever nvidia-smi says is free, as where an arena of its own has an end
      devices[0]!.limit.freeBytes(80 * GIBIBYTE);
      expect(devices[0]!.limit.current()).toBe(segments);
      expect(sessions.filter(({ closed }) => !closed)).toHaveLength(1);
    },
  );

  it('are given up where not even two segments fit', async () => {
    await expect(sideBySide(1, 2.1 * GIBIBYTE)).rejects.toMatchObject({ code: 'out-of-memory' });
  });

  it('are told together what is free on their GPU, and worked time that they share is counted once', async () => {
    const { devices } = await sideBySide(2, 12 * GIBIBYTE);
    const told: string[] = [];
    const stop = watchMemory(
      devices,
      (name, bytes) => told.push(`${name} ${bytes}`),
      (onFree) => {
        onFree('GPU-bbbb-2', 1);
        onFree('GPU-aaaa-1', 2);
        return () => told.push('stopped');
      },
    );
    stop();
    expect(told).toEqual(['gpu-0.1 2', 'gpu-0.2 2', 'stopped']);
    expect(devices[0]!.watch).toBe(devices[1]!.watch);
  });
});

describe('an engine in a thread', () => {
  it('hears what one in this thread hears, leaves this thread free, and ends when it is closed', async () => {
    const engine = await openThreadedEngine({ modelFolder: tinyModel });
    expect(engine).toMatchObject({ modelId: 'whisper-tiny.en-int8', timesWords: true });
    let turns = 0;
    const counting = setInterval(() => turns++, 5);
    const jfk = await recording('jfk.flac');
    const [first, second] = await Promise.all([engine.transcribe([jfk]), engine.transcribe([jfk])]);
    clearInterval(counting);
    expect(first[0]!.text).toMatch(/ask not what your country/i);
    expect(second).toEqual(first);
    expect(turns).toBeGreaterThan(2);
    await engine.close();
    await expect(engine.transcribe([jfk])).rejects.toMatchObject({ details: { fatal: false } });
  });

  it('fails with the errors of the engine', async () => {
    const engine = await openThreadedEngine({ modelFolder: tinyModel });
    await expect(engine.transcribe([new Float32Array(0)])).rejects.toMatchObject({
      name: 'MurmurationError',
      code: 'audio-invalid',
      details: { segment: 0 },
    });
    await engine.close();
    await expect(openThreadedEngine({ modelFolder: '/nowhere' })).rejects.toMatchObject({
      code: 'model-not-found',
    });
  });
});
