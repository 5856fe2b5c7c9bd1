import koffi from 'koffi';

/** Memory of a device that stays where it is: what captured graphs read and write. */
export interface Memory {
  /** As onnxruntime names it. */
  readonly name: 'Cpu' | 'Cuda';
  readonly deviceId: number;
  /** Zeros. Throws "out of memory". */
  allocate(bytes: number): bigint;
  free(address: bigint): void;
  write(address: bigint, bytes: Uint8Array): void;
  /** Waits for what was written; work that the device was given elsewhere is the caller's to wait for. */
  read(address: bigint, bytes: number): Uint8Array;
  /** An error that CUDA has told of once and would tell of again, whoever asks next. */
  forgetError(): void;
}

/** As strict as a GPU's: it takes no address outside a block. */
export function hostMemory(): Memory {
  const held = new Map<bigint, { readonly block: unknown; readonly bytes: number }>();
  const view = (address: bigint, bytes: number) => {
    for (const [start, { bytes: size }] of held) {
      if (address >= start && address + BigInt(bytes) <= start + BigInt(size)) {
        return new Uint8Array(koffi.view(address, bytes));
      }
    }
    throw new Error(`${bytes} bytes at ${address} are outside every block`);
  };
  return {
    name: 'Cpu',
    deviceId: 0,
    allocate(bytes) {
      const block = koffi.alloc('uint8_t', Math.max(1, bytes));
      const address = koffi.address(block);
      held.set(address, { block, bytes });
      if (bytes > 0) view(address, bytes).fill(0);
      return address;
    },
    free(address) {
      const known = held.get(address);
      if (known === undefined) throw new Error(`no block begins at ${address}`);
      held.delete(address);
      koffi.free(known.block);
    },
    write: (address, bytes) => view(address, bytes.length).set(bytes),
    read: (address, bytes) => view(address, bytes).slice(),
    forgetError: () => undefined,
  };
}

const HOST_TO_DEVICE = 1;
const DEVICE_TO_HOST = 2;
const THREAD_LOCAL = 1;
/** Of CUDA 13, which onnxruntime's provider is linked with, and of the one before. */
const RUNTIMES = ['libcudart.so.13', 'libcudart.so.12'];

/** CUDA's runtime: functions by name. */
export interface CudaRuntime {
  func(name: string, result: string, kinds: string[]): (...values: unknown[]) => unknown;
}

/** Memory of the GPU that CUDA calls `deviceId`. Throws where CUDA's runtime is not on the loader's path. */
export function cudaMemory(deviceId: number, runtime: CudaRuntime = loadRuntime()): Memory {
  const message = runtime.func('cudaGetErrorString', 'str', ['int']);
  const lastError = runtime.func('cudaGetLastError', 'int', []);
  const bind = (name: string, ...kinds: string[]) => {
    const call = runtime.func(name, 'int', kinds);
    return (...values: unknown[]) => {
      const code = call(...values);
      if (code === 0) return;
      // Else onnxruntime would take it for the error of the kernel that it starts next
      lastError();
      throw new Error(`CUDA error ${code} in ${name}: ${message(code)}`);
    };
  };
  const setDevice = bind('cudaSetDevice', 'int');
  const malloc = bind('cudaMalloc', 'void *', 'size_t');
  const free = bind('cudaFree', 'void *');
  const copy = bind('cudaMemcpy', 'void *', 'void *', 'size_t', 'int');
  const set = bind('cudaMemset', 'void *', 'int', 'size_t');
  const synchronize = bind('cudaStreamSynchronize', 'void *');
  const wait = () => synchronize(null);
  setDevice(deviceId);
  // onnxruntime captures in a way that forbids all threads of the process to allocate meanwhile, but for those that say this
  bind('cudaThreadExchangeStreamCaptureMode', 'void *')(Int32Array.of(THREAD_LOCAL));
  return {
    name: 'Cuda',
    deviceId,
    allocate(bytes) {
      const out = new BigUint64Array(1);
      setDevice(deviceId);
      malloc(out, Math.max(1, bytes));
      set(out[0]!, 0, bytes);
      wait();
      return out[0]!;
    },
    free(address) {
      free(address);
    },
    write(address, bytes) {
      copy(address, bytes, bytes.length, HOST_TO_DEVICE);
      // The copy of pageable memory may come back before it has arrived, and onnxruntime's streams do not wait for it
      wait();
    },
    read(address, bytes) {
      const data = new Uint8Array(bytes);
      copy(data, address, bytes, DEVICE_TO_HOST);
      return data;
    },
    forgetError: () => void lastError(),
  };
}

function loadRuntime(): CudaRuntime {
  for (const name of RUNTIMES.slice(0, -1)) {
    try {
      return koffi.load(name);
    } catch {
      // The next
    }
  }
  return koffi.load(RUNTIMES.at(-1)!);
}
