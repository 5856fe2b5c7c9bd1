import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LayerPart } from './file-layer.ts';
import { packageFolder } from './package-folder.ts';

/** Where the doors find what the layers bring. */
export const layerPaths = {
  mediaFolder: '/opt/nodejs/node_modules/@murmuration/media',
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

/** A model of models/artifacts. Throws where there is none. */
export function modelParts(model: string): LayerPart[] {
  const from = fileURLToPath(new URL(`../models/artifacts/${model}`, import.meta.url));
  if (!existsSync(from) || !statSync(from).isDirectory()) {
    throw new Error(
      `there is no model at models/artifacts/${model}: build it (models/README.md), or set cpuImage to an image that holds it`,
    );
  }
  return [{ from, to: `models/${model}` }];
}
