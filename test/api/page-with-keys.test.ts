import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../functions/run-cli.ts';
import { chromiumPath, openBrowser } from './open-browser.ts';
import { type StartedServer, startServer } from './start-server.ts';

const speech = fileURLToPath(new URL('../fixtures/audio/librispeech-1995-1837-0001.wav', import.meta.url));

/** Machines are busy at times. */
const soon = { timeout: 30_000 };

describe.skipIf(chromiumPath === undefined)('the page of a server with keys (needs Chromium)', () => {
  let folder: string;
  let key: string;
  let server: StartedServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'murmuration-keys-'));
    const file = join(folder, 'keys.json');
    key = (await runCli(['keys', 'create', file, '--owner', 'ada'])).stdout.trim();
    [server, browser] = await Promise.all([startServer(['--keys', file]), openBrowser(speech)]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  it('asks for the key, goes on where it was refused, and speaks live with it', async () => {
    const page = await browser.newPage({ permissions: ['microphone'] });
    await page.goto(server.url);
    await page.setInputFiles('#file', speech);
    await page.waitForSelector('#key-form:not([hidden])');
    expect(await page.textContent('#problem')).toMatch(/^No key was sent/);
    await page.fill('#key', 'wrong');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('#problem'), soon).toMatch(/not known/);
    await page.fill('#key', key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.textContent('#transcript')).toMatch(/first great sorrow/);
    await page.click('#live');
    await expect.poll(() => page.textContent('#live-text'), soon).toMatch(/great sorrow/);
    await page.close();
  });
});
