import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A function of a synthesized kit, as it lies on this disk. */
export interface AssemblyDoor {
  readonly name: string;
  readonly bundle: string;
  readonly layers: readonly string[];
  readonly bundleBytes: number;
  /** Unzipped. */
  readonly layerBytes: number;
}

interface Resource {
  readonly Type: string;
  readonly Metadata?: { readonly 'aws:cdk:path'?: string; readonly 'aws:asset:path'?: string };
  readonly Properties: { readonly Runtime?: string; readonly Layers?: readonly unknown[] };
}

/** All Node functions of the stacks in `folder`. */
export function assemblyDoors(folder: string): AssemblyDoor[] {
  const resources = readdirSync(folder)
    .filter((file) => file.endsWith('.template.json'))
    .flatMap((file) =>
      Object.entries(
        (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { Resources: Record<string, Resource> })
          .Resources,
      ),
    );
  const assetOf = ({ Metadata }: Resource) => join(folder, Metadata!['aws:asset:path']!);
  const layers = resources.filter(([, { Type }]) => Type === 'AWS::Lambda::LayerVersion');
  return resources
    .filter(([, { Properties }]) => Properties.Runtime?.startsWith('nodejs'))
    .map(([, door]) => {
      // By Ref, or by the export of another stack, whose name holds the layer's id.
      const text = JSON.stringify(door.Properties.Layers ?? []);
      const used = layers.filter(([id]) => text.includes(id)).map(([, layer]) => assetOf(layer));
      const bundle = assetOf(door);
      return {
        name: door.Metadata!['aws:cdk:path']!.split('/').slice(1, -1).join('/'),
        bundle,
        layers: used,
        bundleBytes: sizeOf(bundle),
        layerBytes: used.reduce((sum, layer) => sum + sizeOf(layer), 0),
      };
    });
}

/**
 * Milliseconds from the start of a Node process until the door's module is loaded, and until its handler has taken a
 * message: an unknown one, which it refuses as soon as what it waits for (the model, for the CPU lane) is there.
 */
export function coldStartMilliseconds(
  { bundle, layers }: AssemblyDoor,
  nodeFolder: string,
): { loaded: number; ready: number } {
  const model = layers
    .map((layer) => join(layer, 'models'))
    .find((path) => statSync(path, none)?.isDirectory());
  const script = `
    const { handler } = require(${JSON.stringify(join(bundle, 'index.js'))});
    const loaded = Date.now() - process.env.STARTED;
    handler({}).catch(({ code, message }) => {
      if (/^(model|dependency)-/.test(code)) throw new Error(message);
      const ready = Date.now() - process.env.STARTED;
      require('node:fs').writeSync(1, '\\n' + JSON.stringify({ loaded, ready }));
      process.exit();
    });`;
  const output = execFileSync(join(nodeFolder, 'node'), ['-e', script], {
    encoding: 'utf8',
    env: {
      STARTED: String(Date.now()),
      NODE_PATH: layers.map((layer) => join(layer, 'nodejs/node_modules')).join(':'),
      AWS_REGION: 'us-east-1',
      BUCKET: 'recordings',
      ENDPOINT_NAME: 'endpoint',
      MODEL_ID: 'whisper-tiny.en-int8',
      ...(model && { MODEL_FOLDER: join(model, 'whisper-tiny.en-int8') }),
      ...mediaFolder(layers),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

const none = { throwIfNoEntry: false } as const;

function mediaFolder(layers: readonly string[]): { MEDIA_FOLDER?: string } {
  const found = layers
    .map((layer) => join(layer, 'nodejs/node_modules/@murmuration/media'))
    .find((path) => statSync(path, none));
  return found ? { MEDIA_FOLDER: found } : {};
}

function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
