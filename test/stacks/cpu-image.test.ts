import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { layerPaths } from '../../cdk/layer-parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dockerfile = readFileSync(join(root, 'functions/transcribe-cpu/Dockerfile'), 'utf8').replace(
  /\\\n */g,
  '',
);
const instructions = dockerfile.split('\n').filter((line) => /^[A-Z]/.test(line));
const startOfImage = instructions.findLastIndex((line) => line.startsWith('FROM'));

const folder = mkdtempSync(join(tmpdir(), 'murmuration-cpu-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** From and to of the COPY instructions, which write folders with a slash at the end or name them like their source. */
const copies = (lines: readonly string[], stage?: string) =>
  lines
    .filter(
      (line) =>
        line.startsWith('COPY ') && (stage ? line.includes(`--from=${stage} `) : !line.includes('--from')),
    )
    .flatMap((line) => {
      const paths = line
        .split(' ')
        .slice(1)
        .filter((word) => !word.startsWith('--'));
      const to = paths.pop()!;
      return paths.map((from) => ({ from, to: to.endsWith('/') ? join(to, from.split('/').at(-1)!) : to }));
    });

/** The first stage, without Docker: of this checkout it has what the Dockerfile copies, and the packages installed here. */
function bundle(): string {
  const build = join(folder, 'build');
  for (const { from, to } of copies(instructions.slice(0, startOfImage))) {
    cpSync(join(root, from), join(build, to), { recursive: true });
  }
  mkdirSync(join(build, 'node_modules/@murmuration'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')).filter((name) => name !== '@murmuration')) {
    symlinkSync(join(root, 'node_modules', name), join(build, 'node_modules', name));
  }
  for (const name of readdirSync(join(build, 'layers'))) {
    symlinkSync(join(build, 'layers', name), join(build, 'node_modules/@murmuration', name));
  }
  const command = instructions
    .find((line) => line.startsWith('RUN node_modules/.bin/esbuild'))!
    .slice('RUN '.length);
  execFileSync('sh', ['-c', `${command} --log-level=error`], { cwd: build });
  return build;
}

/** What the second stage lays into the task's folder. */
function image(): string {
  const build = bundle();
  const task = join(folder, 'task');
  for (const { from, to } of copies(instructions.slice(startOfImage), 'bundle')) {
    cpSync(from.replace(/^\/build/, build), join(task, to), { recursive: true, dereference: true });
  }
  return task;
}

// The binaries are those of Lambda
describe.runIf(process.platform === 'linux' && process.arch === 'x64')("the CPU lane's image", () => {
  it('starts from what its Dockerfile copies, and runs the model there', () => {
    const task = image();
    expect(statSync(join(task, 'index.js')).size).toBeLessThan(5e6);
    const script = `const { handler } = require('./index.js');
      require('onnxruntime-node').InferenceSession.create(process.env.MODEL_FOLDER + '/model.onnx').then(({ inputNames }) => {
        console.log(typeof handler, inputNames.includes('pcm'));
        process.exit();
      })`;
    const said = execFileSync(process.execPath, ['-e', script], {
      cwd: task,
      encoding: 'utf8',
      env: {
        AWS_REGION: 'us-east-1',
        BUCKET: 'recordings',
        MODEL_FOLDER: join(root, 'models/artifacts/whisper-tiny.en-int8'),
      },
    });
    expect(said).toBe('function true\n');
  });
});

it('has its model where the stack says', () => {
  const model = instructions.find((line) => line.startsWith('COPY --from=model'));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's
  expect(model?.endsWith(` ${layerPaths.modelFolder('${MODEL_ID}')}/`)).toBe(true);
});

it('is pinned by a digest that the build must give', () => {
  const bases = instructions.filter((line) => line.startsWith('FROM'));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's
  expect(bases.filter((line) => !line.includes('@${LAMBDA_DIGEST}'))).toEqual([]);
  expect(instructions).toContain('ARG LAMBDA_DIGEST');
});
