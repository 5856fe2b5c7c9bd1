import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProcess } from './start-process.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const unattended = ['--no-notices', '--ci'];

/** The kit's synthesized stacks, in a folder of their own. */
export interface Assembly {
  /** cdk.out */
  readonly folder: string;
  /** Takes what the CDK prints. */
  readonly logFile: string;
}

/** Synthesizes the kit as `cdk deploy` would, with these settings. */
export async function synthesize(
  assembly: Assembly,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const context = Object.entries(settings).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
  await cdk(assembly, ['synth', '--quiet', '--output', assembly.folder, ...context], {});
}

/** Bootstraps the account and deploys all stacks as they are; gives their outputs, by stack. */
export async function deploy(
  assembly: Assembly,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, Record<string, string>>> {
  const outputsFile = join(assembly.folder, 'outputs.json');
  const { folder } = assembly;
  await cdk(assembly, ['bootstrap', 'aws://000000000000/us-east-1', '--app', folder], environment);
  const options = ['--require-approval', 'never', '--method', 'direct', '--outputs-file', outputsFile];
  await cdk(assembly, ['deploy', '--all', '--app', folder, ...options], environment);
  return JSON.parse(await readFile(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
}

/** What the account has otherwise than the stacks in the folder say; empty for nothing. */
export async function differences(
  assembly: Assembly,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const args = ['diff', '--all', '--fail', '--app', assembly.folder, '--method', 'template'];
  return cdk(assembly, args, environment).then(
    () => '',
    (error: Error) => error.message,
  );
}

function cdk(
  { logFile }: Assembly,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const plan = {
    command: join(repository, 'node_modules/.bin/cdk'),
    args: [...unattended, ...args],
    environment: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...environment,
    },
    folder: repository,
    logFile,
  };
  return runProcess(plan, 300);
}
