import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiJob } from '@murmuration/api/contract/api-job';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { anyone } from '@murmuration/api/middleware/authenticate';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { describe, expect, it } from 'vitest';
import { openFolders } from '../contract/open-folders.ts';
import { fixture, runCli } from '../functions/run-cli.ts';
import { soon } from '../soon.ts';
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

  it('loses at the next start what a killed server had not finished, and uploads whose day is over', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'murmuration-left-'));
    const job = join(dataFolder, 'data', 'jobs', 'ann');
    const upload = join(dataFolder, 'data', 'uploads', 'upload_1');
    for (const folder of [job, upload]) await mkdir(folder, { recursive: true });
    await writeFile(join(job, `.${randomUUID()}.tmp`), '{"text":"private"}');
    const kept = { owner: 'local', name: 'a.mp3', sizeBytes: 3, expiresAt: 1 };
    await writeFile(join(upload, 'upload.json'), JSON.stringify(kept));
    await writeFile(join(upload, 'media'), 'abc');

    const server = await startServer([], { dataFolder });
    await soon(async () => expect(await readdir(join(dataFolder, 'data', 'uploads'))).toEqual([]));
    expect(await readdir(job)).toEqual([]);
    await server.stop();
  });

  it('still has an upload whose day is over where a job is to hear it', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'murmuration-weekend-'));
    const onFriday = Date.now() - 3 * 24 * 3600 * 1000;
    const { uploads, jobs } = openFolders(join(dataFolder, 'data'), { clock: () => onFriday });
    const media = await readFile(fixture('whats-the-weather-like.mp3'));
    const upload = { id: resourceId('upload', onFriday, randomUUID()), name: 'a', sizeBytes: media.length };
    await uploads.create({ ...upload, owner: anyone.owner });
    async function* body() {
      yield media;
    }
    await uploads.receive(anyone.owner, upload.id, body());
    // A server that is ending
    await jobs.close();
    const id = resourceId('job', onFriday, randomUUID());
    await jobs.create({
      ...{ id, owner: anyone.owner, key: anyone, name: 'a', model: 'whisper-tiny.en-int8' },
      ...{ source: { kind: 'upload', uploadId: upload.id }, options: JobOptions.parse({}) },
    });

    const server = await startServer([], { dataFolder });
    const job = async () => (await fetch(`${server.url}/v1/jobs/${id}`)).json() as Promise<ApiJob>;
    while (['queued', 'running'].includes((await job()).state)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await job()).toMatchObject({ state: 'done', error: null });
    await server.stop();
  });

  it('has recordings of requests while they are sent, and loses them at the next start of a killed server', async () => {
    const first = await startServer();
    const requests = join(first.dataFolder, 'data', 'requests');
    const sending = new AbortController();
    const endless = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    const init = { method: 'POST', body: endless, duplex: 'half', signal: sending.signal } as RequestInit;
    const broken = fetch(`${first.url}/v1/listen`, init).catch(() => undefined);
    await soon(async () => expect(await readdir(requests, { recursive: true })).toHaveLength(2));
    await first.stop({ keepData: true, signal: 'SIGKILL' });
    sending.abort();
    await broken;
    expect(await readdir(requests)).toHaveLength(1);

    const second = await startServer([], { dataFolder: first.dataFolder });
    expect(existsSync(requests)).toBe(false);
    await second.stop();
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
