import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openBrowser } from '../api/open-browser.ts';
import { apiAddress } from './call-api.ts';
import { createApiKey } from './create-api-key.ts';

const speech = fileURLToPath(new URL('../fixtures/audio/librispeech-1995-1837-0001.wav', import.meta.url));
/** Machines are busy at times. */
const soon = { timeout: 60_000 };

describe.skipIf(chromiumPath === undefined)('the page of the API on AWS (needs Chromium)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(speech);
  });
  afterAll(() => browser?.close());

  it('takes a key, uploads into the bucket, shows the transcript, and hears live', async () => {
    const page = await browser.newPage({ permissions: ['microphone'] });
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    await page.goto(`${apiAddress}/`);
    await page.setInputFiles('#file', speech);
    await page.waitForSelector('#key-form:not([hidden])', soon);
    await page.fill('#key', await createApiKey());
    await page.keyboard.press('Enter');
    await page.waitForSelector('#result:not([hidden])', soon);
    expect(await page.textContent('#transcript')).toMatch(/first great sorrow/);
    await page.click('#live');
    await expect.poll(() => page.textContent('#live-text'), soon).toMatch(/great sorrow/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('is documented with its stage before its paths, and with where live speech is', async () => {
    const stage = new URL(apiAddress).pathname.split('/').includes('live') ? '/live' : '';
    const document = await (await fetch(`${apiAddress}/openapi.json`)).json();
    expect(document).toMatchObject({
      servers: [{ url: stage }],
      paths: { '/v1/realtime': { get: { 'x-websocket': { url: expect.stringMatching(/^wss?:.*\/v1$/) } } } },
    });
    expect(await (await fetch(`${apiAddress}/docs`)).text()).toContain(`${stage}/v1/audio/transcriptions`);
  });
});
