// npm run check:template: synthesizes the fullest template and lets four outside tools judge it. Offline but for the
// first run, which installs the two Python ones into cdk/check/.venv.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const environment = join(here, '.venv');
const tool = (name) => join(environment, 'bin', name);

function run(command, args, label) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = status === 0;
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${label} (${seconds} s)\n`);
  if (!passed) process.stdout.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`);
  return passed;
}

/** Made once, and anew when requirements.txt changes. The stamp is written last: without it the folder is half-made. */
function prepareTools() {
  const requirements = join(here, 'requirements.txt');
  const stamp = join(environment, 'complete');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  rmSync(environment, { recursive: true, force: true });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  const made =
    run('python3', ['-m', 'venv', environment], 'make cdk/check/.venv') &&
    run(tool('python'), install, 'install cfn-lint and checkov');
  if (made) writeFileSync(stamp, wanted);
  return made;
}

/** The state machine's definition with made-up ARNs, as the validator wants it. */
function writeDefinitions(folder) {
  return templatesIn(folder).flatMap((path) => {
    const { Resources } = JSON.parse(readFileSync(path, 'utf8'));
    return Object.entries(Resources)
      .filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine')
      .map(([name, { Properties }]) => {
        const [, parts] = Properties.DefinitionString['Fn::Join'];
        const text = parts.map((part) => (typeof part === 'string' ? part : 'aws')).join('');
        const definition = join(folder, `${name}.asl.json`);
        writeFileSync(definition, text);
        return definition;
      });
  });
}

const templatesIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => join(folder, name));

const output = mkdtempSync(join(tmpdir(), 'murmuration-template-'));
try {
  const checks = [
    () => prepareTools(),
    () =>
      run(
        process.execPath,
        ['--import', 'tsx', 'cdk/check/nag.ts', output],
        'synth and cdk-nag AwsSolutions',
      ),
    () => run(tool('cfn-lint'), ['--non-zero-exit-code', 'error', ...templatesIn(output)], 'cfn-lint'),
    () => run(tool('checkov'), ['--config-file', 'cdk/check/checkov.yaml', '-d', output], 'checkov'),
    () => {
      const paths = writeDefinitions(output).flatMap((path) => ['--json-path', path]);
      return run(join(root, 'node_modules/.bin/asl-validator'), paths, 'asl-validator');
    },
  ];
  // Later ones need what the first two make
  process.exitCode = checks.every((check) => check()) ? 0 : 1;
} finally {
  rmSync(output, { recursive: true, force: true });
}
