import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { MemoryProbe } from '../batching/memory-probe.ts';

/** As nvidia-smi names it; `deviceId` is what CUDA calls it in this process. */
export interface Gpu {
  readonly deviceId: number;
  readonly uuid: string;
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

const Row = z.tuple([
  z.coerce.number(),
  z.string().startsWith('GPU-'),
  z.string(),
  z.coerce.number(),
  z.coerce.number(),
]);

const MEBIBYTE = 1024 * 1024;

/** Runs nvidia-smi and gives what it prints. */
export type NvidiaSmi = (options: readonly string[]) => Promise<string>;

const nvidiaSmi: NvidiaSmi = async (options) => {
  // It can hang for minutes where a driver is in trouble
  const { stdout } = await promisify(execFile)('nvidia-smi', options, { timeout: 10_000 });
  return stdout;
};

/** The GPUs that this process may use; none where there is no driver. */
export async function listGpus(
  run: NvidiaSmi = nvidiaSmi,
  visible: string | undefined = process.env['CUDA_VISIBLE_DEVICES'],
): Promise<Gpu[]> {
  const query = '--query-gpu=index,uuid,name,memory.total,memory.free';
  const table = await run([query, '--format=csv,noheader,nounits']).catch(() => '');
  const all = table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const row = Row.safeParse(line.split(',').map((cell) => cell.trim()));
      return row.success ? [row.data] : [];
    });
  return chosen(all, visible).map(([, uuid, name, total, free], deviceId) => ({
    deviceId,
    uuid,
    name,
    totalBytes: total * MEBIBYTE,
    freeBytes: free * MEBIBYTE,
  }));
}

/** As CUDA reads CUDA_VISIBLE_DEVICES: numbers or the beginnings of ids, up to the first that is neither. */
function chosen(all: readonly z.infer<typeof Row>[], visible: string | undefined): z.infer<typeof Row>[] {
  if (visible === undefined) return [...all];
  const gpus: z.infer<typeof Row>[] = [];
  for (const wanted of visible.split(',').map((entry) => entry.trim())) {
    const gpu = all.find(([index, uuid]) =>
      wanted.startsWith('GPU-') ? uuid.startsWith(wanted) : wanted === `${index}`,
    );
    if (gpu === undefined) break;
    gpus.push(gpu);
  }
  return gpus;
}

/** Free memory of one GPU, all its programs counted. */
export function nvidiaSmiMemoryProbe(uuid: string, run: NvidiaSmi = nvidiaSmi): MemoryProbe {
  return {
    async freeBytes() {
      const options = [`--id=${uuid}`, '--query-gpu=memory.free', '--format=csv,noheader,nounits'];
      const mebibytes = Number.parseInt(await run(options).catch(() => ''), 10);
      return Number.isNaN(mebibytes) ? undefined : mebibytes * MEBIBYTE;
    },
  };
}
