import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** A file or folder of this machine and where the layer has it, below /opt. */
export interface LayerPart {
  readonly from: string;
  readonly to: string;
}

/** Only for people who read code: neither handlers nor their processes load these. */
const IGNORED = /\.(d\.ts|d\.cts|d\.mts|map)$/;

/** A Lambda layer put together from files of this machine while the template is made: without Docker. */
export class FileLayer extends LayerVersion {
  /** Of its files once Lambda has unpacked them. */
  readonly sizeBytes: number;

  constructor(scope: Construct, id: string, parts: readonly LayerPart[], description: string) {
    super(scope, id, {
      description,
      compatibleRuntimes: [Runtime.NODEJS_24_X],
      compatibleArchitectures: [Architecture.X86_64],
      code: Code.fromAsset(fileURLToPath(new URL('.', import.meta.url)), {
        assetHashType: AssetHashType.OUTPUT,
        bundling: {
          image: DockerImage.fromRegistry('never-used'),
          // CDK takes bundles for the same where their options read the same, and functions read as nothing
          environment: { parts: JSON.stringify(parts) },
          local: {
            tryBundle(folder) {
              for (const { from, to } of parts) copy(from, join(folder, to));
              return true;
            },
          },
        },
      }),
    });
    this.sizeBytes = parts.reduce((sum, { from }) => sum + sizeOf(from), 0);
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true, filter: (file) => !IGNORED.test(file) });
}

function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return IGNORED.test(path) ? 0 : statSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
