import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from './start-process.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface ContainerOptions {
  readonly folder: string;
  readonly port: number;
  /** What the template sets for it. */
  readonly containerEnvironment: Readonly<Record<string, string>>;
  /** How its AWS clients reach the local AWS. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
}

/** The GPU endpoint's own server, on the processor: what SageMaker would start from the image. */
export async function startContainer(options: ContainerOptions): Promise<RunningProcess> {
  const { folder, port, containerEnvironment, awsEnvironment } = options;
  const plan = {
    command: process.execPath,
    args: [join(repository, 'functions/transcribe-gpu/server.mjs')],
    environment: {
      ...process.env,
      ...containerEnvironment,
      ...awsEnvironment,
      MODEL_FOLDER: join(repository, 'models/artifacts/whisper-tiny.en-int8'),
      PROVIDER: 'cpu',
      HOST: '127.0.0.1',
      PORT: String(port),
    },
    logFile: join(folder, 'container.log'),
  };
  return startProcess(plan, async () => (await fetch(`http://127.0.0.1:${port}/ping`)).ok);
}
