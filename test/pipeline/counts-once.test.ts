import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

const numbers = Array.from({ length: 16 }, (_, index) => index + 1).join(' ');
const lost: Gpu = async () => undefined;
const counts = ['Batches', 'GpuFallbacks', 'BatchErrors', 'CacheMisses', 'SegmentLatency'];

/** What was counted, without what the dispatcher offered. */
const ends = (counted: readonly (readonly unknown[])[]) =>
  counted.filter(
    ([name, , lane]) => counts.includes(String(name)) && !(name === 'Batches' && lane === 'gpu'),
  );

const failsTwice = () => {
  let left = 2;
  return numberEngine(() => {
    if (left-- > 0) throw new MurmurationError('out-of-memory', 'too little');
  });
};

it('counts a batch that was tried three times once, and so its fallback', async () => {
  const { ports, counted, upload } = portsInMemory({ engine: failsTwice() });
  await runJob(await upload('uploads/a.wav', '1 2'), { ports, gpu: lost });
  expect(ends(counted)).toMatchObject([
    ['Batches', 1, 'cpu'],
    ['GpuFallbacks', 1],
    ['CacheMisses', 2],
    ['SegmentLatency', [500, 500], 'cpu'],
  ]);
});

it('counts nothing when a batch comes again that was done, or given up', async () => {
  const deaf = numberEngine((level) => {
    if (level === 9) throw new MurmurationError('audio-invalid', `${level} cannot be heard`);
  });
  const { ports, counted, upload, json } = portsInMemory({ engine: deaf });
  const { jobId } = await runJob(await upload('uploads/a.wav', numbers), { ports });
  const before = [...counted];
  expect(before).toContainEqual(['BatchErrors', 1, 'cpu']);
  for (const batch of await json(keys.plan(jobId))) await runStep(['batch'], batch, ports);
  expect(counted).toEqual(before);
});

it('counts a batch at the merge, once, whose every try broke', async () => {
  const broken = numberEngine((level) => {
    if (level === 9) throw new MurmurationError('out-of-memory', 'too little');
  });
  const { ports, counted, upload } = portsInMemory({ engine: broken });
  const { jobId } = await runJob(await upload('uploads/a.wav', numbers), { ports, gpu: lost });
  await runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId }, ports);
  const named = (wanted: string) => ends(counted).filter(([name]) => name === wanted);
  expect(named('Batches')).toEqual(Array(2).fill(['Batches', 1, 'cpu']));
  expect(named('GpuFallbacks')).toHaveLength(2);
  expect(named('BatchErrors')).toEqual([['BatchErrors', 1, 'cpu']]);
});

it.each<[string, (gpu: Gpu) => Gpu]>([
  ['an answer', (gpu) => gpu],
  [
    'a failure',
    () =>
      async ({ inferenceId }) => ({ kind: 'inference-finished', inferenceId }),
  ],
])('counts %s that is told twice once', async (_, change) => {
  const { ports, store, counted, upload } = portsInMemory();
  const gpu = change(workingGpu(store, numberEngine()));
  const twice: Gpu = async (request) => {
    const finished = (await gpu(request))!;
    const before = counted.length;
    await runStep(['inference-finished'], finished, ports);
    expect(counted.length).toBeGreaterThan(before);
    return finished;
  };
  await runJob(await upload('uploads/a.wav', '1 2'), { ports, gpu: twice });
  const onGpu = ends(counted).filter(([, , lane]) => lane === 'gpu');
  expect(onGpu).toHaveLength(1);
});
