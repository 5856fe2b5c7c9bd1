import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openSource } from '@murmuration/media/open-source';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wavOf } from '../functions/bad-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-spool-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const wav = wavOf(new Int16Array(1600));

describe('what has to be written down before it can be read', () => {
  it('lies in the folder that was named, until it is closed', async () => {
    const server = createServer((_, response) => response.end(wav)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const spoolFolder = join(folder, 'requests');
    for (const source of [Readable.from([wav]), new URL(`http://127.0.0.1:${port}/a.wav`)]) {
      const opened = await openSource(source, { spoolFolder });
      expect(opened.input).toContain(spoolFolder);
      await opened.close();
      expect(await readdir(spoolFolder)).toEqual([]);
    }
    server.close();
  });
});
