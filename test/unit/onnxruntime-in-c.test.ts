import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LIBRARY_VERSION } from '@murmuration/cuda/api-table';
import { openEnvironment } from '@murmuration/cuda/environment';
import { cudaMemory, hostMemory } from '@murmuration/cuda/memory';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import { recordPlacements } from '@murmuration/cuda/placements';
import { readTensor } from '@murmuration/cuda/tensor';
import { describe, expect, it } from 'vitest';

/** y = x + w, "total out" = total + x, places = where x is not 0; w is 1. */
const sums = fileURLToPath(new URL('../fixtures/sums.onnx', import.meta.url));
const floats = (data: Uint8Array) => [...new Float32Array(data.buffer)];

function opened(options: Partial<Parameters<ReturnType<typeof openEnvironment>['openGraph']>[1]> = {}) {
  const environment = openEnvironment(loadOnnxRuntime());
  const memory = hostMemory();
  const place = environment.place(memory);
  const graph = environment.openGraph(sums, { threads: 1, ...options });
  const close = () => {
    for (const part of [graph, place, environment]) part.close();
  };
  return { environment, memory, place, graph, close };
}

// The table is onnxruntime's on every platform; the library's file name is Linux's
describe.skipIf(process.platform !== 'linux')("onnxruntime's C API", () => {
  it('is that of the library which the table of its functions was made for', () => {
    expect(loadOnnxRuntime().version).toBe(LIBRARY_VERSION);
  });

  it('says what a graph declares', () => {
    const { graph, close } = opened();
    expect(graph.inputs).toEqual([
      { name: 'x', type: 'float32', shape: ['N'] },
      { name: 'total', type: 'float32', shape: ['N'] },
    ]);
    expect(graph.outputNames).toEqual(['y', 'total out', 'places']);
    close();
  });

  it('runs a graph again and again over memory that it writes in place', () => {
    const { environment, memory, place, graph, close } = opened();
    const address = memory.allocate(12);
    const x = Float32Array.of(1, 0, 3);
    const own = [
      environment.tensor(place, x, 'float32', [3]),
      environment.tensor(place, address, 'float32', [3]),
    ] as const;
    const binding = graph.bind();
    binding.input('x', own[0]);
    binding.input('total', own[1]);
    binding.output('total out', own[1]);
    for (const name of ['y', 'places']) binding.outputTo(name, place);
    binding.run();
    x[0] = 10;
    binding.run();
    expect(floats(memory.read(address, 12))).toEqual([11, 0, 6]);
    const [, y, places] = binding.outputs();
    expect(floats(readTensor(y!))).toEqual([11, 1, 4]);
    expect(places).toMatchObject({ type: 'int64', shape: [1, 2] });
    expect([...new BigInt64Array(readTensor(places!).buffer as ArrayBuffer)]).toEqual([0n, 2n]);
    for (const part of [binding, ...own]) part.close();
    memory.free(address);
    close();
  });

  it('lets several graphs read one copy of a weight', () => {
    const environment = openEnvironment(loadOnnxRuntime());
    const memory = hostMemory();
    const place = environment.place(memory);
    const weight = Float32Array.of(5);
    const weights = new Map([['w', environment.tensor(place, weight, 'float32', [1])]]);
    const x = environment.tensor(place, Float32Array.of(1), 'float32', [1]);
    for (const expected of [6, 8]) {
      const graph = environment.openGraph(sums, { threads: 1, weights });
      const binding = graph.bind();
      for (const name of ['x', 'total']) binding.input(name, x);
      for (const name of graph.outputNames) binding.outputTo(name, place);
      weight[0] = expected - 1;
      binding.run();
      expect(floats(readTensor(binding.outputs()[0]!))).toEqual([expected]);
      binding.close();
      graph.close();
    }
  });

  it('says where each node runs', () => {
    const { graph, close } = opened({ config: recordPlacements });
    expect(graph.placements()).toContainEqual({
      provider: 'CPUExecutionProvider',
      operator: 'NonZero',
      node: expect.any(String),
    });
    close();
  });

  it("throws onnxruntime's own words", () => {
    const { environment, place, graph, close } = opened();
    expect(() => environment.openGraph('/nowhere.onnx', { threads: 1 })).toThrow(
      /nowhere\.onnx.*doesn't exist/,
    );
    const binding = graph.bind();
    binding.input('x', environment.tensor(place, Float32Array.of(1, 2), 'float32', [1, 2]));
    expect(() => binding.run()).toThrow(/rank/i);
    expect(() => environment.tensor(place, Float32Array.of(1), 'float32', [2])).toThrow(/has 8 bytes, and 4/);
    binding.close();
    close();
  });

  it('may be closed again', () => {
    const { graph, close } = opened();
    const binding = graph.bind();
    for (const part of [binding, binding]) part.close();
    close();
    expect(close).not.toThrow();
  });

  it('outlives a collection of garbage, which would unload a library that nobody holds', () => {
    // In a process that has not loaded it by the binding for Node
    const script = `
      import { openEnvironment } from './layers/cuda/environment.ts';
      import { hostMemory } from './layers/cuda/memory.ts';
      import { loadOnnxRuntime } from './layers/cuda/onnxruntime.ts';
      const environment = openEnvironment(loadOnnxRuntime());
      globalThis.gc();
      const place = environment.place(hostMemory());
      console.log(environment.tensor(place, new Float32Array(2), 'float32', [2]).shape.length);`;
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim()).toBe('1');
  });
});

describe("a GPU's memory", () => {
  /** What was asked of CUDA; `fails` ends with code 2 from then on. */
  function fakeRuntime(fails?: string) {
    const asked: string[] = [];
    const func = (name: string) => (out: unknown) => {
      asked.push(name);
      if (name === 'cudaGetErrorString') return 'out of memory';
      if (name === 'cudaMalloc' && name !== fails) (out as BigUint64Array)[0] = 4096n;
      return name === fails ? 2 : 0;
    };
    return { asked, func };
  }

  it('is zeroed and waited for, by a thread that another one may capture beside', () => {
    const runtime = fakeRuntime();
    const memory = cudaMemory(1, runtime);
    expect(runtime.asked).toEqual(['cudaSetDevice', 'cudaThreadExchangeStreamCaptureMode']);
    expect(memory.allocate(8)).toBe(4096n);
    memory.write(4096n, new Uint8Array(8));
    expect(runtime.asked.slice(2)).toEqual([
      ...['cudaSetDevice', 'cudaMalloc', 'cudaMemset', 'cudaStreamSynchronize'],
      ...['cudaMemcpy', 'cudaStreamSynchronize'],
    ]);
  });

  it('leaves no error behind for whoever asks CUDA next', () => {
    const runtime = fakeRuntime('cudaMalloc');
    expect(() => cudaMemory(0, runtime).allocate(8)).toThrow('CUDA error 2 in cudaMalloc: out of memory');
    expect(runtime.asked).toContain('cudaGetLastError');
  });
});

describe("the host's memory", () => {
  it('takes no address outside its blocks, as a GPU takes none', () => {
    const memory = hostMemory();
    const address = memory.allocate(8);
    expect(() => memory.write(address, new Uint8Array(9))).toThrow(/outside every block/);
    expect(() => memory.read(address + 4n, 8)).toThrow(/outside every block/);
    memory.free(address);
    expect(() => memory.read(address, 8)).toThrow(/outside every block/);
    expect(() => memory.free(address)).toThrow(/no block/);
  });
});
