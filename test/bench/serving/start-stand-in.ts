import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StandInServer } from './stand-in-server.ts';

const program = fileURLToPath(new URL('./stand-in-server.ts', import.meta.url));

/** Runs the server with stand-in devices in a process of its own, on a bucket at `bucketUrl`; `flags` are Node's. */
export function startStandIn(options: StandInServer, bucketUrl: string, flags: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', ...flags, program, JSON.stringify(options)], {
    env: {
      ...process.env,
      ...{ AWS_ENDPOINT_URL: bucketUrl, AWS_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = new Promise<unknown>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const entry = line.startsWith('{') ? JSON.parse(line) : {};
      if (entry.msg === 'ready') resolve(entry.port);
    });
    exited.then(() => reject(new Error('the server ended')));
  });
  return {
    port,
    pid: child.pid!,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
