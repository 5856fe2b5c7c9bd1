import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cloudTools } from './cloud-tools.ts';
import { type RunningProcess, startProcess } from './start-process.ts';

const launcher = fileURLToPath(new URL('launch_ministack.py', import.meta.url));

export interface MiniStackOptions {
  /** Takes all that it writes. */
  readonly folder: string;
  readonly port: number;
  /** File for the resources that it only records, one JSON object a line. */
  readonly recordedResources: string;
  /** What its handlers find in their environment, beside the variables of the template. */
  readonly handlerEnvironment: Readonly<Record<string, string>>;
}

/** An empty AWS on the loopback interface. */
export async function startMiniStack(options: MiniStackOptions): Promise<RunningProcess> {
  const { folder, port, recordedResources, handlerEnvironment } = options;
  const { python, nodeFolder } = await cloudTools();
  const plan = {
    command: python,
    args: [launcher],
    // No variable of this machine: handlers see what MiniStack sees, and must not come to lean on it.
    environment: {
      ...handlerEnvironment,
      LANG: 'C.UTF-8',
      HOME: folder,
      PATH: `${nodeFolder}:${process.env['PATH']}`,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      RECORDED_RESOURCES: recordedResources,
    },
    folder,
    logFile: join(folder, 'ministack.log'),
  };
  return startProcess(plan, async () => (await fetch(`http://127.0.0.1:${port}/_ministack/health`)).ok);
}
