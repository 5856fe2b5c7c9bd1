import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LayerPart } from './file-layer.ts';
import { packageFolder } from './package-folder.ts';
import { SettingError } from './setting-error.ts';

/** Where the doors find what the layers bring. */
export const layerPaths = {
  mediaFolder: '/opt/nodejs/node_modules/@murmuration/media',
  pageFolder: '/opt/nodejs/node_modules/@murmuration/api/page',
  modelFolder: (model: string) => `/opt/models/${model}`,
} as const;

/** The binary of node-av for Lambda's Linux. */
const NODE_AV_BINARY = '@seydx/node-av-linux-x64';
const media = fileURLToPath(new URL('../layers/media', import.meta.url));

/** onnxruntime for Lambda's Linux on x86_64, without the other platforms' 240 MB. */
export function engineParts(): LayerPart[] {
  const runtime = packageFolder('onnxruntime-node');
  return [
    ...['package.json', 'dist', 'bin/napi-v6/linux/x64'].map((path) => ({
      from: join(runtime, path),
      to: `nodejs/node_modules/onnxruntime-node/${path}`,
    })),
    ...['package.json', 'dist/cjs'].map((path) => ({
      from: join(packageFolder('onnxruntime-common'), path),
      to: `nodejs/node_modules/onnxruntime-common/${path}`,
    })),
  ];
}

/**
 * FFmpeg's libraries as this checkout has installed them (node-av is GPLv3, the kit itself carries none of it), the
 * scripts that decode with them, and the voice detector.
 */
export function mediaParts(): LayerPart[] {
  const library = packageFolder('node-av');
  const install = `npm install --no-save --os=linux --cpu=x64 --libc=glibc ${NODE_AV_BINARY}`;
  return [
    ...['package.json', 'LICENSE.md', 'dist/lib', 'dist/constants', 'dist/utils'].map((path) => ({
      from: join(library, path),
      to: `nodejs/node_modules/node-av/${path}`,
    })),
    { from: packageFolder(NODE_AV_BINARY, install), to: `nodejs/node_modules/${NODE_AV_BINARY}` },
    // Not the whole layer: a bundle has the rest of it
    ...readdirSync(media)
      .filter((name) => /\.(mjs|onnx)$/.test(name))
      .map((name) => ({ from: join(media, name), to: `nodejs/node_modules/@murmuration/media/${name}` })),
  ];
}

/** The voice detector, for those who decode nothing. */
export function voiceParts(): LayerPart[] {
  const name = 'silero-vad-v6.onnx';
  return [{ from: join(media, name), to: `nodejs/node_modules/@murmuration/media/${name}` }];
}

const artifacts = fileURLToPath(new URL('../models/artifacts', import.meta.url));

/** The page of the API. */
export function pageParts(): LayerPart[] {
  const from = fileURLToPath(new URL('../layers/api/page', import.meta.url));
  return [{ from, to: 'nodejs/node_modules/@murmuration/api/page' }];
}

/**
 * A model of models/artifacts, then those of its ladder beside it. Throws where one is not there, and where one was not
 * found to compute what its weights say.
 */
export function modelParts(model: string, parent: string = artifacts): LayerPart[] {
  const first = modelPart(model, parent);
  return [first, ...ladderOf(first.from).map((next) => modelPart(next, parent))];
}

function modelPart(model: string, parent: string): LayerPart {
  const from = join(parent, model);
  if (!existsSync(join(from, 'manifest.json'))) {
    throw new SettingError(
      `there is no model at models/artifacts/${model}: build it (models/README.md), or set cpuImage to an image that holds it`,
    );
  }
  refuseUnverified(model, parent);
  return { from, to: `models/${model}` };
}

/**
 * Throws where models/artifacts has the model and its manifest says that it was not found to compute what its weights
 * say. One that is inside an image or in the bucket alone cannot be looked at from here.
 */
export function refuseUnverified(model: string, parent: string = artifacts): void {
  const folder = join(parent, model);
  // A build says null until `verify` has compared its tokens with a reference's, and again where they differ too much
  if (existsSync(join(folder, 'manifest.json')) && !readManifest(folder).verified) {
    throw new SettingError(
      `the model at models/artifacts/${model} is not verified: run \`npm run model -- verify ${model}\` (with --source where it was built from a folder), or deploy another with -c model=ID`,
    );
  }
}

/** Ids. */
function ladderOf(folder: string): string[] {
  return (readManifest(folder).ladder ?? []).map(({ model }) => model);
}

/** Of a manifest only what a deployment is decided by: the engine checks the rest when it opens the model. */
function readManifest(folder: string): { ladder?: { model: string }[]; verified?: object | null } {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}
