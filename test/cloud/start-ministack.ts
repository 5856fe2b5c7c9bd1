import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cloudTools } from './cloud-tools.ts';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './start-process.ts';

const launcher = fileURLToPath(new URL('launch_ministack.py', import.meta.url));

export interface MiniStack extends RunningProcess {
  /** What AWS clients need to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resources that it only recorded, one JSON object a line. */
  readonly recordedResources: string;
}

/** An empty AWS on a free port of the loopback interface; `folder` takes all that it writes. */
export async function startMiniStack(
  folder: string,
  handlerEnvironment: Readonly<Record<string, string>> = {},
): Promise<MiniStack> {
  const { python, nodeFolder } = await cloudTools();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const recordedResources = join(folder, 'recorded-resources.jsonl');
  const environment = {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: endpoint,
    // Names a host, not a path: the CLI would otherwise put the bucket's name before 127.0.0.1
    AWS_ENDPOINT_URL_S3: endpoint,
  };
  const { stop } = await startProcess({
    command: python,
    args: [launcher],
    environment: {
      ...handlerEnvironment,
      ...environment,
      PATH: `${nodeFolder}:${process.env['PATH']}`,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      RECORDED_RESOURCES: recordedResources,
    },
    folder,
    logFile: join(folder, 'ministack.log'),
    ready: async () => (await fetch(`${endpoint}/_ministack/health`)).ok,
  });
  return { environment, recordedResources, stop };
}
