import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainWords, reference } from '../engine/recordings.ts';
import { parseSrt } from '../unit/parsers/parse-srt.ts';
import { chromiumPath, openBrowser } from './open-browser.ts';
import { type StartedServer, startServer } from './start-server.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));

/** Machines are busy at times. */
const soon = { timeout: 30_000 };

describe.skipIf(chromiumPath === undefined)('the page, in Chromium (apt-get install chromium)', () => {
  let server: StartedServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [server, browser] = await Promise.all([
      startServer(),
      openBrowser(fixture('librispeech-1995-1837-0001.wav')),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage({ colorScheme: 'light', permissions: ['microphone'] });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(server.url);
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  async function transcribe(name: string): Promise<void> {
    await page.setInputFiles('#file', fixture(name));
    await page.waitForSelector('#result:not([hidden])');
  }

  async function violations(): Promise<string[]> {
    await page.evaluate(axe.source);
    const found = await page.evaluate('axe.run()');
    const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  it('shows what was said, how fast it was heard, and that nothing was left out', async () => {
    await transcribe('jfk.flac');
    expect(await page.textContent('#result-title')).toBe('jfk.flac');
    const text = await page.textContent('#transcript');
    expect(plainWords(text!.replace(/^\d:\d\d/, ''))).toEqual(plainWords(reference('jfk.flac')));
    const figures = await page.textContent('#figures');
    expect(figures).toMatch(/Recording0:11.*Transcribed in\d.*Words22From the cache0 of 1 pieces/);
    expect(await page.textContent('#findings-title')).toMatch(/Nothing was left out/);
  });

  it('takes a recording that is dropped anywhere', async () => {
    const bytes = (await readFile(fixture('brooklyn-bridge.flac'))).toString('base64');
    await page.evaluate(`{
      const bytes = Uint8Array.from(atob('${bytes}'), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'dropped.flac', { type: 'audio/flac' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }`);
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.textContent('#transcript')).toMatch(/Brooklyn Bridge/);
  });

  it('lights each word as it plays, and plays a word that is clicked', async () => {
    await transcribe('jfk.flac');
    await page.evaluate(`{
      globalThis.lit = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) if (target.matches('.word.now')) lit.push(target.textContent);
      }).observe(document.getElementById('transcript'), { subtree: true, attributeFilter: ['class'] });
    }`);
    await page.click('.word:text-is("country") >> nth=0');
    const lit = async () => (await page.evaluate('lit')) as string[];
    await expect.poll(async () => new Set(await lit()).size, soon).toBeGreaterThan(4);
    const order = ['country', 'can', 'do', 'for', 'you,', 'ask', 'what', 'you', 'can', 'do', 'for', 'your'];
    // A busy machine skips short words, but none is lit too early or twice
    let at = -1;
    for (const word of await lit()) {
      const next = order.indexOf(word, at + 1);
      expect(next, `${word} after ${order[at]}`).toBeGreaterThan(at);
      at = next;
    }
    expect((await lit())[0]).toBe('country');
    expect(await page.locator('.word.now').count()).toBe(1);
    await page.evaluate('document.getElementById("player").pause()');
    await page.focus('#transcript');
    const before = await page.textContent('.word.now');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.textContent('.word.now'), soon).not.toBe(before);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.textContent('.word.now'), soon).toBe(before);
  });

  it('gives captions in every format', async () => {
    await transcribe('jfk.flac');
    const names: string[] = [];
    for (const label of ['txt', 'srt', 'vtt', 'tsv', 'json', 'verbose.json']) {
      const arrived = page.waitForEvent('download');
      await page.click(`#downloads button:text-is("${label}")`);
      const download = await arrived;
      names.push(download.suggestedFilename());
      const text = await readFile((await download.path())!, 'utf8');
      expect(text).toMatch(/country/);
      if (label === 'srt') expect(parseSrt(text).length).toBeGreaterThan(1);
    }
    expect(names).toEqual(['jfk.txt', 'jfk.srt', 'jfk.vtt', 'jfk.tsv', 'jfk.json', 'jfk.verbose.json']);
  });

  it('tells what was left out, and why, and plays it', async () => {
    await transcribe('noise.wav');
    expect(await page.textContent('#transcript')).toMatch(/Nobody says anything/);
    expect(await page.textContent('#findings-title')).toMatch(/left out/);
    await page.click('#findings-list .place');
    await expect
      .poll(() => page.evaluate('document.getElementById("player").currentTime'), soon)
      .toBeGreaterThan(0);
  });

  it('copies the text', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await transcribe('jfk.flac');
    await page.click('#copy');
    await expect.poll(() => page.textContent('#status'), soon).toBe('The text is copied.');
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^And so my fellow Americans/);
  });

  it('asks for what was chosen', async () => {
    await page.click('#options summary');
    await page.fill('#language', 'English');
    await page.fill('#hotwords', 'Kennedy, Americans,');
    await page.check('#separate');
    await page.check('#private');
    const asked = page.waitForRequest(
      (request) => request.url().endsWith('/v1/jobs') && request.method() === 'POST',
    );
    await transcribe('jfk.flac');
    expect((await asked).postDataJSON()).toMatchObject({
      language: 'English',
      hotwords: ['Kennedy', 'Americans'],
      channels: 'separate',
      redact: ['email', 'phone', 'card', 'ssn'],
    });
    expect(await page.textContent('#transcript')).toMatch(/Channel 1: And so/);
  });

  it('fits a telephone, empty and full, and so do the documents', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const overflow = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.click('#options summary');
    await transcribe('jfk.flac');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.goto(`${server.url}/docs`);
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await page.textContent('main')).toMatch(/GET \/v1\/realtime/);
  });

  it('says in words what it cannot read', async () => {
    await page.setInputFiles('#file', {
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hello'),
    });
    await expect.poll(() => page.textContent('#problem'), soon).toMatch(/Cannot read "notes.txt" as audio/);
    expect(await page.isEnabled('#choose')).toBe(true);
  });

  it('shows what it has so far of a long recording, which can be stopped', async () => {
    const short = await readFile(fixture('librispeech-1995-1837-0001.wav'));
    const long = Buffer.concat([short.subarray(0, 44), ...Array(60).fill(short.subarray(44))]);
    long.writeUInt32LE(long.length - 8, 4);
    long.writeUInt32LE(long.length - 44, 40);
    const folder = await mkdtemp(join(tmpdir(), 'murmuration-page-'));
    await writeFile(join(folder, 'long.wav'), long);
    await page.setInputFiles('#file', join(folder, 'long.wav'));
    await expect.poll(() => page.textContent('#partial'), { timeout: 90_000 }).toMatch(/great sorrow/);
    expect(await page.getAttribute('#progress', 'value')).toMatch(/^0\.\d/);
    expect(await page.textContent('#status')).toBe('Listening …');
    expect(await page.textContent('#progress-text')).toMatch(/^\d+ %/);
    expect(await page.isEnabled('#choose')).toBe(false);
    await page.click('#cancel');
    await expect.poll(() => page.textContent('#status'), soon).toBe('Stopped.');
    expect(await page.isEnabled('#choose')).toBe(true);
    await expect
      .poll(async () => JSON.stringify(await (await fetch(`${server.url}/v1/jobs`)).json()), soon)
      .not.toMatch(/long\.wav/);
    await rm(folder, { recursive: true });
  }, 150_000);

  it('shows words of the microphone while they are said, and hears them again as a whole', async () => {
    await page.click('#live');
    await expect.poll(() => page.textContent('#live-text'), soon).toMatch(/first great sorrow/);
    await expect.poll(() => page.textContent('#live-final'), soon).toMatch(/his life/);
    await page.click('#live-stop');
    await page.click('#live-whole');
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.textContent('#transcript')).toMatch(/great sorrow/);
  });

  it('records the microphone', async () => {
    await page.click('#record');
    await page.waitForTimeout(2500);
    await page.click('#record');
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.textContent('#result-title')).toMatch(/^recording\./);
    expect(await page.textContent('#transcript')).toMatch(/first/i);
  });

  it.each(['light', 'dark'] as const)('is accessible in %s, empty and full', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.click('#options summary');
    expect(await violations()).toEqual([]);
    await transcribe('jfk.flac');
    await page.click('.word >> nth=3');
    await page.click('#findings-title');
    expect(await violations()).toEqual([]);
  });

  it('is used in order with the tab key', async () => {
    const stops: string[] = [];
    for (let press = 0; press < 6; press += 1) {
      await page.keyboard.press('Tab');
      stops.push(String(await page.evaluate('document.activeElement.textContent.trim()')));
    }
    expect(stops).toEqual([
      'Skip to the transcript tool',
      'API',
      'Choose a file',
      'Record',
      'Live microphone',
      'Options',
    ]);
  });

  it('runs nothing that is not its own', async () => {
    const response = await page.goto(server.url);
    const policy = response!.headers()['content-security-policy']!;
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/unsafe/);
  });
});
