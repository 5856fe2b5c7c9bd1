import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';

const BLOCK_SAMPLES = SAMPLE_RATE_HERTZ;

export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface PcmProcess {
  /** What stdout (mono 16 kHz f32le) holds, in blocks of 1 s, the last one shorter. Keeps this process alive. */
  blocks(): AsyncGenerator<Pcm>;
  /** Settles when the process is gone and all its output was read; rejects where it could not be started. */
  readonly closed: Promise<ProcessExit>;
  /** Lets this process end although nobody has read `blocks` yet. */
  release(): void;
  kill(): void;
}

/** Starts a decoder whose stdout is audio and whose stderr is lines of text. A slow reader holds it back. */
export function startPcmProcess(
  command: string,
  args: readonly string[],
  onLine: (line: string) => void,
  signal?: AbortSignal,
): PcmProcess {
  // A loader or inspector of ours is no business of the decoder, and would slow its start.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, windowsHide: true });
  createInterface({ input: child.stderr }).on('line', onLine);
  const kill = () => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  // A signal that came while the file was looked at fires no event any more
  if (signal?.aborted) kill();
  const closed = once(child, 'close').then(
    ([exitCode, exitSignal]): ProcessExit => ({ exitCode, signal: exitSignal }),
  );
  closed.catch(() => {}).finally(() => signal?.removeEventListener('abort', kill));
  // Pipes of a child are sockets, which its types do not say.
  const handles = [child, child.stdout as Socket, child.stderr as Socket];
  return {
    async *blocks() {
      for (const handle of handles) handle.ref();
      yield* toBlocks(child.stdout);
    },
    closed,
    release: () => {
      for (const handle of handles) handle.unref();
    },
    kill,
  };
}

/** Bytes of f32le in chunks of any size become blocks of 16,000 samples; a torn last sample is left out. */
async function* toBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Pcm> {
  let block = new Float32Array(BLOCK_SAMPLES);
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
      block = new Float32Array(BLOCK_SAMPLES);
      filled = 0;
    }
  }
  if (filled >= 4) yield block.subarray(0, Math.floor(filled / 4));
}
