import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tinyModel } from '../../engine/recordings.ts';

const program = fileURLToPath(new URL('../../../functions/transcribe-gpu/server.mjs', import.meta.url));

/** The server as a process of its own, on a free port; `ready()` once it has run its model. `flags` are Node's. */
export function startServer(
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
  file = program,
) {
  const child = spawn(process.execPath, [...flags, file], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      HOST: '127.0.0.1',
      BUCKET: 'recordings',
      MODEL_FOLDER: tinyModel,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

  /** The log's first line with this message. */
  function logged(message: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === message);
        if (line === undefined) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error(`ended without "${message}": ${lines.join('\n')}`)));
    });
  }
  const url = async (path: string) => `http://127.0.0.1:${(await logged('listening'))['port']}${path}`;

  return {
    logged,
    lines,
    ended,
    ready: () => logged('ready'),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    get: async (path: string) => fetch(await url(path)),
    async invoke(body: unknown) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(await url('/invocations'), { method: 'POST', body: text });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}
