import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Model } from './load-model.ts';
import type { Manifest } from './manifest.ts';

/** `engine.json`, as `npm run model -- build-engine` writes it beside a graph whose encoder is a TensorRT engine. */
const BuiltEngine = z.object({
  format: z.literal(1),
  gpu: z.string(),
  computeCapability: z.string(),
  tensorRtVersion: z.string(),
  graphSha256: z.string(),
  /** Of a batch: least, best, most. */
  rows: z.tuple([z.int(), z.int(), z.int()]),
  /** File beside it. */
  graph: z.string().regex(/^[\w.-]+$/),
});
type BuiltEngine = z.infer<typeof BuiltEngine>;

/** As nvidia-smi names it. */
export interface GpuKind {
  readonly name: string;
  readonly computeCapability: string;
}

/** The path of a graph whose encoder was built for this GPU and batch size, or why there is none. */
export async function findBuiltEngine(
  { folder, manifest }: Pick<Model, 'folder' | 'manifest'>,
  gpu: GpuKind | undefined,
  batchSize: number,
): Promise<{ readonly graphPath: string } | { readonly problem: string }> {
  if (gpu === undefined) return { problem: 'nvidia-smi shows no GPU' };
  const engines = await listEngines(join(folder, 'engines'));
  const sha256 = graphSha256(manifest);
  const fits = ({ engine }: { engine: BuiltEngine }) =>
    engine.gpu === gpu.name && engine.computeCapability === gpu.computeCapability;
  const own = engines.filter(fits);
  const current = own.filter(({ engine }) => engine.graphSha256 === sha256);
  // The narrowest range of shapes is the fastest
  const [found] = current
    .filter(({ engine }) => engine.rows[2] >= batchSize)
    .sort((a, b) => a.engine.rows[2] - b.engine.rows[2]);
  if (found !== undefined) return { graphPath: join(found.folder, found.engine.graph) };
  const kind = `${gpu.name} (compute capability ${gpu.computeCapability})`;
  if (current.length > 0) {
    const most = Math.max(...current.map(({ engine }) => engine.rows[2]));
    return { problem: `the engine for ${kind} takes batches of ${most}, not ${batchSize}` };
  }
  if (own.length > 0) return { problem: `the engine for ${kind} was built from another graph` };
  return { problem: `there is no engine for ${kind}` };
}

/** The GPU that CUDA calls `deviceId`; undefined where nvidia-smi does not show it. */
export async function gpuKind(deviceId = 0): Promise<GpuKind | undefined> {
  const visible = process.env['CUDA_VISIBLE_DEVICES']?.split(',').map((id) => id.trim());
  const id = visible?.[deviceId] ?? String(deviceId);
  try {
    const query = ['--query-gpu=name,compute_cap', '--format=csv,noheader', '-i', id];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 30_000 });
    const [name, computeCapability] = stdout.trim().split(/,\s*(?=[\d.]+$)/);
    return name === undefined || computeCapability === undefined ? undefined : { name, computeCapability };
  } catch {
    return undefined;
  }
}

/** As models/engine/engine_folder.py: of both hashes where the weights lie in a file of their own. */
function graphSha256({ graph, files }: Manifest): string {
  const [own, data] = [graph.file, `${graph.file}.data`].map((name) => files[name]?.sha256);
  if (own === undefined || data === undefined) return own ?? '';
  return createHash('sha256')
    .update(own + data)
    .digest('hex');
}

async function listEngines(parent: string): Promise<{ folder: string; engine: BuiltEngine }[]> {
  const names = await readdir(parent).catch(() => []);
  const engines = await Promise.all(
    names.map(async (name) => {
      const folder = join(parent, name);
      try {
        const json: unknown = JSON.parse(await readFile(join(folder, 'engine.json'), 'utf8'));
        return [{ folder, engine: BuiltEngine.parse(json) }];
      } catch {
        // Half-made, prepared for another machine, or of a later kit
        return [];
      }
    }),
  );
  return engines.flat();
}
