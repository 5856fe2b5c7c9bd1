import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStacks } from '../../cdk/create-stacks.ts';
import { readConfig } from '../../cdk/read-config.ts';
import { testApp } from './synthesize.ts';

const folder = mkdtempSync(join(tmpdir(), 'murmuration-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Resource {
  readonly Properties: {
    readonly Code?: { readonly S3Key: string };
    readonly Content?: { readonly S3Key: string };
  };
}

/** What leaves this machine: folders of bundles and layers by their constructs' names, far from any node_modules. */
function bundle(): Record<string, string> {
  const context = { ...testApp().node.getAllContext(), 'aws:cdk:bundling-stacks': ['**'] };
  const { inference, pipeline } = createStacks(new App({ context, outdir: folder }), readConfig({}));
  const assets = (stack: Stack) =>
    ['AWS::Lambda::Function', 'AWS::Lambda::LayerVersion'].flatMap((type) =>
      Object.entries(Template.fromStack(stack).findResources(type) as Record<string, Resource>),
    );
  return Object.fromEntries(
    [...assets(inference), ...assets(pipeline)].map(
      ([
        id,
        {
          Properties: { Code, Content },
        },
      ]) => [
        // Without CDK's hash
        id.replace(/[0-9A-F]{8}([0-9a-f]{10})?$/, ''),
        join(folder, `asset.${(Code ?? Content)!.S3Key.replace('.zip', '')}`),
      ],
    ),
  );
}

function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

// The binaries are those of Lambda
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('what is deployed', () => {
  let at: Record<string, string> = {};
  beforeAll(() => {
    at = bundle();
  }, 120_000);
  const layers = (names: readonly string[]) => names.map((name) => join(at[name]!, 'nodejs/node_modules'));
  const run = (script: string, names: readonly string[], variables: Record<string, string> = {}) =>
    execFileSync(process.execPath, ['-e', script], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        NODE_PATH: layers(names).join(':'),
        AWS_REGION: 'us-east-1',
        BUCKET: 'recordings',
        MODEL_ID: 'whisper-tiny.en-int8',
        MODEL_FOLDER: join(at['CpuLaneModel']!, 'models/whisper-tiny.en-int8'),
        ...variables,
      },
    });

  it.each(['Splitter', 'Aggregator', 'CpuLaneFunction'])('%s is a bundle under 5 MB', (name) => {
    expect(sizeOf(at[name]!)).toBeLessThan(5e6);
  });

  it.each([
    ['Splitter', ['EngineLayer', 'MediaLayer']],
    ['CpuLaneFunction', ['EngineLayer', 'CpuLaneModel']],
  ])('%s fits into a Lambda with its layers', (name, names) => {
    const bytes = [name, ...names].reduce((sum, one) => sum + sizeOf(at[one]!), 0);
    expect(bytes).toBeLessThan(250 * 2 ** 20);
  });

  it.each([
    ['Splitter', ['EngineLayer', 'MediaLayer']],
    ['Aggregator', []],
    ['CpuLaneFunction', ['EngineLayer']],
  ])('%s starts with nothing but its layers', (name, names) => {
    const script = `console.log(typeof require(${JSON.stringify(join(at[name]!, 'index.js'))}).handler); process.exit()`;
    expect(run(script, names)).toBe('function\n');
  });

  it("the engine's layer runs the model's graph", () => {
    const script = `require('onnxruntime-node').InferenceSession.create(process.env.MODEL_FOLDER + '/model.onnx')
      .then((session) => console.log(session.inputNames.includes('pcm')))`;
    expect(run(script, ['EngineLayer'])).toBe('true\n');
  });

  it("the media layer's scripts find FFmpeg beside them", () => {
    const child = join(at['MediaLayer']!, 'nodejs/node_modules/@murmuration/media/node-av-child.mjs');
    // Their first word of a file that is not there, by FFmpeg itself
    const request = {
      input: join(folder, 'nothing.mp3'),
      protocols: ['file'],
      formats: ['mp3'],
      channels: 'mix',
    };
    const script = `const { spawnSync } = require('node:child_process');
      const { stdout, stderr } = spawnSync(process.execPath, [${JSON.stringify(child)}], { input: ${JSON.stringify(JSON.stringify(request))}, encoding: 'utf8' });
      console.log(stdout + stderr)`;
    expect(run(script, [])).toMatch(/No such file or directory/);
  });
});
