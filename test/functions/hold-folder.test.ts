import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { holdFolder } from '../../functions/cli/serve/hold-folder.ts';

/** Leaves the place of a server that was killed. */
async function killHolder(place: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(place)}, () => console.log('here'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

it('lets one alone have the folder of a server that was killed, of many that start at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-held-'));
  for (let round = 0; round < 5; round += 1) {
    await killHolder(join(folder, 'serve.sock'));
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => holdFolder(folder)));
    const held = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    expect(held).toHaveLength(1);
    expect(existsSync(join(folder, 'serve.sock'))).toBe(true);
    await held[0]!();
    expect(await readdir(folder)).toEqual([]);
  }
  await rm(folder, { recursive: true });
});
