import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import {
  API_VERSION,
  type Fallible,
  fallible,
  GET_ERROR_MESSAGE,
  type Kind,
  type Release,
  releases,
  TABLE_LENGTH,
} from './api-table.ts';
import { readAddresses } from './read-addresses.ts';

export type Argument = bigint | number | string | null | ArrayBufferView | readonly string[];

/** onnxruntime's C API. Handles are addresses; whoever makes one releases it. */
export interface OnnxRuntime {
  readonly version: string;
  /** Throws an Error with onnxruntime's own words. */
  call(name: Fallible, ...values: readonly Argument[]): void;
  /** As `call`, for a function whose last argument takes a new handle or number, which it returns. */
  create(name: Fallible, ...values: readonly Argument[]): bigint;
  /** Does nothing with 0. */
  release(name: Release, handle: bigint): void;
  string(address: bigint): string;
  /** A string that onnxruntime allocated, which is freed. */
  takeString(allocator: bigint, address: bigint): string;
}

const types: Readonly<Record<Kind, string>> = {
  handle: 'void *',
  int: 'int',
  size_t: 'size_t',
  str: 'str',
  strings: 'const char **',
  out: 'void *',
};

let loaded: OnnxRuntime | undefined;

/** The library that onnxruntime-node brings: in one process both work with the same one. Linux only. */
export function loadOnnxRuntime(): OnnxRuntime {
  loaded ??= load(bundledLibrary());
  return loaded;
}

function bundledLibrary(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('onnxruntime-node');
  // dist/index.js
  return join(dirname(entry), '../bin/napi-v6', process.platform, process.arch, 'libonnxruntime.so.1');
}

function load(path: string): OnnxRuntime {
  const library = koffi.load(path);
  held.push(library);
  const base = library.func('OrtGetApiBase', 'void *', [])() as bigint;
  const [getApi, getVersion] = readAddresses(base, 2);
  const version = decode(getVersion!, 'str', [])() as string;
  const table = decode(getApi!, 'void *', ['uint32_t'])(API_VERSION) as bigint | null;
  if (table === null) throw new Error(`onnxruntime ${version} is older than its API ${API_VERSION}`);
  const places = readAddresses(table, TABLE_LENGTH);
  const bind = (place: number, result: string, kinds: readonly Kind[]) =>
    decode(
      places[place]!,
      result,
      kinds.map((kind) => types[kind]),
    );
  const functions = Object.fromEntries(
    Object.entries(fallible).map(([name, [place, ...kinds]]) => [name, bind(place, 'void *', kinds)]),
  );
  const releasing = Object.fromEntries(
    Object.entries(releases).map(([name, place]) => [name, bind(place, 'void', ['handle'])]),
  );
  const errorMessage = bind(GET_ERROR_MESSAGE, 'str', ['handle']);

  const call = (name: Fallible, ...values: readonly Argument[]) => {
    const status = functions[name]!(...values) as bigint | null;
    if (status === null) return;
    const message = errorMessage(status) as string;
    releasing['ReleaseStatus']!(status);
    throw new Error(message);
  };
  return {
    version,
    call,
    create(name, ...values) {
      const out = new BigUint64Array(1);
      call(name, ...values, out);
      return out[0]!;
    },
    release(name, handle) {
      if (handle !== 0n) releasing[name]!(handle);
    },
    string,
    takeString(allocator, address) {
      const text = string(address);
      call('AllocatorFree', allocator, address);
      return text;
    },
  };
}

/** koffi unloads a library that was collected, and knows nothing of the functions that were found in its tables. */
const held: unknown[] = [];

function decode(
  address: bigint,
  result: string,
  kinds: readonly string[],
): (...values: unknown[]) => unknown {
  const type = koffi.proto(result, [...kinds]);
  held.push(type);
  return koffi.decode(address, type);
}

function string(address: bigint): string {
  return koffi.decode(address, 'char', -1) as string;
}
