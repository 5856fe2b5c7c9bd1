import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { expect, it, vi } from 'vitest';
import { recording } from '../../engine/recordings.ts';
import { startServer } from './start-server.ts';

const breakDevice = new URL('./break-device.mjs', import.meta.url).href;
const inline = { pcm: Buffer.from(toSixteenBit(await recording('jfk.flac'))).toString('base64') };

/** A server that hears once at its start and once more; then its device is lost. */
async function losingItsDevice(environment: Readonly<Record<string, string>> = {}) {
  const server = startServer({ FAULT_AFTER: '2', ...environment }, ['--import', breakDevice]);
  await server.ready();
  expect((await server.invoke(inline)).status).toBe(200);
  return server;
}

it('ends after a fault of the device, once everyone under way was told', async () => {
  const fault = join(await mkdtemp(join(tmpdir(), 'fault-')), 'now');
  const server = await losingItsDevice({ MOST_SEGMENTS: '1', FAULT_WITH: fault });
  const answers = [1, 2, 3, 4].map(() => server.invoke(inline));
  // One that came later would be told to try elsewhere
  await vi.waitFor(async () => {
    expect(await (await server.get('/metrics')).text()).toMatch(/^murmuration_requests_under_way 4$/m);
  }, 20_000);
  await writeFile(fault, '');
  for (const { status, body } of await Promise.all(answers)) {
    expect([status, body]).toEqual([500, { code: 'internal', reason: expect.stringMatching(/GPU failed/) }]);
  }
  // Where this machine is slow, nobody is there any more to answer
  const ping = await server.get('/ping').catch(() => undefined);
  expect(ping?.status ?? 503).toBe(503);
  expect(await server.ended).toBe(1);
  expect(await server.logged('a device failed')).toMatchObject({ level: 60 });
});

it('ends even where the thread of the device hangs in its driver', async () => {
  const server = await losingItsDevice({ FAULT_KIND: 'hang' });
  expect((await server.invoke(inline)).status).toBe(500);
  expect(await server.ended).not.toBe(0);
});

it('ends after a device that hangs without a word, once everyone who waits was told', async () => {
  // The start is its only run: no other is measured, however slow this machine
  const environment = { FAULT_AFTER: '1', FAULT_KIND: 'slow', STALL_SECONDS: '1' };
  const server = startServer(environment, ['--import', breakDevice]);
  await server.ready();
  const { status, body } = await server.invoke(inline);
  expect([status, body]).toEqual([
    500,
    { code: 'internal', reason: expect.stringMatching(/cpu ended no batch/) },
  ]);
  expect(await server.ended).not.toBe(0);
  expect(await server.logged('a device failed')).toMatchObject({ level: 60 });
});
