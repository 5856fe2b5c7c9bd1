import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../functions/run-cli.ts';
import { startServer } from './start-server.ts';

describe('the data folder of a server', () => {
  it('lets no second server in while one runs, at once after it was killed, and keeps no trace', async () => {
    const first = await startServer();
    const data = join(first.dataFolder, 'data');
    const { exitCode, stderr } = await runCli(['serve', '--port', '0', '--data', data]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      `murmuration: "${data}" is in use by another "murmuration serve": end it, or choose another folder with --data\n`,
    );
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    await first.stop({ keepData: true, signal: 'SIGKILL' });

    const second = await startServer([], { dataFolder: first.dataFolder });
    expect(await second.stop({ keepData: true })).toBe(0);
    expect(existsSync(join(data, 'serve.sock'))).toBe(false);
    await rm(first.dataFolder, { recursive: true });
  });

  it('may have a name that is too long for an address', async () => {
    const root = await mkdtemp(join(tmpdir(), 'murmuration-long-'));
    const dataFolder = join(root, 'a'.repeat(120));
    await mkdir(dataFolder);
    const first = await startServer([], { dataFolder });
    const again = await runCli(['serve', '--port', '0', '--data', join(dataFolder, 'data')]);
    expect(again.stderr).toContain('is in use by another "murmuration serve"');
    await first.stop();
    await rm(root, { recursive: true });
  });
});
