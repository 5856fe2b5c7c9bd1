import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';

const BLOCK_SAMPLES = SAMPLE_RATE_HERTZ;
const LARGEST_SILENCE_BYTES = 64_000;

export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface PcmProcess {
  /** Writes one line to its stdin, for a process that waits for it. From now on `onLine` hears its stderr. */
  start(onLine: (line: string) => void, request?: string, signal?: AbortSignal): void;
  /**
   * What stdout (16 kHz f32le, channels in turn) holds, in blocks of 1 s, the last one shorter, with silence in front
   * where the sound starts late. Holds this program.
   */
  blocks(channels: number, lateSamples?: number): AsyncGenerator<Pcm>;
  /** Settles when the process is gone and all its output was read; rejects where it could not be started. */
  readonly closed: Promise<ProcessExit>;
  /** Settles when the process is gone, whether its output was read or not. */
  readonly gone: Promise<void>;
  isGone(): boolean;
  /** Holds this program, as a process does at first. */
  hold(): void;
  /** Lets this program end before the process does. */
  release(): void;
  kill(): void;
}

/** Starts a decoder whose stdout is audio and whose stderr is lines of text. A slow reader holds it back. */
export function startPcmProcess(command: string, args: readonly string[]): PcmProcess {
  // A loader or inspector of ours is no business of the decoder, and would slow its start. FFmpeg would send what it
  // reads from this machine through a proxy.
  const { NODE_OPTIONS: _, http_proxy: __, ...env } = process.env;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env, windowsHide: true });
  const closed = once(child, 'close').then(
    ([exitCode, exitSignal]): ProcessExit => ({ exitCode, signal: exitSignal }),
  );
  closed.catch(() => {});
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    for (const end of ['exit', 'error']) child.once(end, () => resolve());
  }).then(() => {
    isGone = true;
  });
  // Node throws away what nobody listens for once a child has gone: a short recording that is read a moment later
  child.stdout.on('readable', () => {});
  // It may have died before it could read; `closed` tells
  child.stdin.on('error', () => {});
  // Pipes of a child are sockets, which its types do not say.
  const handles = [child, child.stdin as Socket, child.stdout as Socket, child.stderr as Socket];
  const kill = () => void child.kill('SIGKILL');
  const hold = () => {
    for (const handle of handles) handle.ref();
  };
  return {
    start(onLine, request = '', signal) {
      createInterface({ input: child.stderr }).on('line', onLine);
      signal?.addEventListener('abort', kill, { once: true });
      // A signal that came while the file was looked at fires no event any more
      if (signal?.aborted) kill();
      void gone.then(() => signal?.removeEventListener('abort', kill));
      child.stdin.end(request);
    },
    async *blocks(channels, lateSamples = 0) {
      hold();
      yield* toBlocks(lateBy(4 * channels * lateSamples, child.stdout), BLOCK_SAMPLES * channels, channels);
    },
    closed,
    gone,
    isGone: () => isGone,
    hold,
    release: () => {
      for (const handle of handles) handle.unref();
    },
    kill,
  };
}

async function* lateBy(silentBytes: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for (let left = silentBytes; left > 0; left -= LARGEST_SILENCE_BYTES) {
    yield Buffer.alloc(Math.min(left, LARGEST_SILENCE_BYTES));
  }
  yield* chunks;
}

/** Bytes of f32le in chunks of any size become blocks; a torn last sample is left out. */
async function* toBlocks(
  chunks: AsyncIterable<Buffer>,
  blockLength: number,
  channels: number,
): AsyncGenerator<Pcm> {
  let block = new Float32Array(blockLength);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let read = 0; read < chunk.length; ) {
      const bytes = new Uint8Array(block.buffer);
      const count = Math.min(bytes.length - filled, chunk.length - read);
      bytes.set(chunk.subarray(read, read + count), filled);
      read += count;
      filled += count;
      if (filled < bytes.length) continue;
      yield block;
      block = new Float32Array(blockLength);
      filled = 0;
    }
  }
  const sampleBytes = 4 * channels;
  const whole = Math.floor(filled / sampleBytes) * channels;
  if (whole > 0) yield block.subarray(0, whole);
}
