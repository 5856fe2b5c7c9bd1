import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './start-process.ts';

export interface Redis extends RunningProcess {
  readonly port: number;
}

/** A real redis-server (Debian: `apt-get install redis-server`) that keeps nothing on disk. */
export async function startRedis(folder: string, port?: number): Promise<Redis> {
  const listensOn = port ?? (await freePort());
  const options = { port: String(listensOn), bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const plan = {
    command: 'redis-server',
    args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    logFile: join(folder, 'redis.log'),
  };
  const { stop } = await startProcess(plan, () => answers(listensOn));
  return { port: listensOn, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(reply.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
