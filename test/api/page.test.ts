import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainWords, recording, reference } from '../engine/recordings.ts';
import { wavOf } from '../functions/bad-files.ts';
import { parseSrt } from '../unit/parsers/parse-srt.ts';
import { chromiumPath, openBrowser } from './open-browser.ts';
import { type StartedServer, startServer } from './start-server.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));

/** Half an hour in which nobody says the same twice within a segment: that would look like a loop, and be heard anew at every temperature. */
async function longSpeech(): Promise<Buffer> {
  const names = ['librispeech-1995-1837-0001.wav', 'jfk.flac', 'librispeech-1272-141231-0002.mp3'];
  const said = await Promise.all(names.map(recording));
  const pause = new Float32Array(16_000);
  const once = Buffer.concat(
    said.flatMap((pcm) => [pcm, pause]).map((pcm) => Buffer.from(toSixteenBit(pcm))),
  );
  const pcm = Buffer.concat(Array<Buffer>(50).fill(once));
  return wavOf(new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2));
}

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
    expect(figures).toMatch(/Recording0:11.*Transcribed in\d.*Words22From the cachenothing/);
    expect(await page.textContent('#findings-title')).toMatch(/Nothing was left out/);
  });

  it('takes a recording that is dropped anywhere', async () => {
    const bytes = (await readFile(fixture('brooklyn-bridge.flac'))).toString('base64');
    await page.evaluate(`{
      const bytes = Uint8Array.from(atob('${bytes}'), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'dropped.flac', { type: 'audio/flac' }));
      dataTransfer.items.add(new File([bytes], 'another.flac', { type: 'audio/flac' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }`);
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.textContent('#transcript')).toMatch(/Brooklyn Bridge/);
    expect(await page.textContent('#status')).toMatch(/^Done: \d+ words\. Of 2 files the first was taken\.$/);
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
    expect(await page.textContent('#findings-title')).toBe('1 left out');
    expect(await page.textContent('#status')).toBe('Done: nobody says anything.');
    // There is nothing to click or to copy
    expect(await page.isHidden('#transcript-hint')).toBe(true);
    expect(await page.getAttribute('#transcript', 'aria-describedby')).toBeNull();
    expect(await page.isHidden('#copy')).toBe(true);
    await page.click('#findings-list .place');
    await expect
      .poll(() => page.evaluate('document.getElementById("player").currentTime'), soon)
      .toBeGreaterThan(0);
  });

  it('says 1 word and 1 piece, and 2 words, and says so again from the cache', async () => {
    const answer = (words: string[], cached: number) => ({
      job: { id: 'job_1', state: 'done', cached_segments: cached, findings: [], warnings: [], text: '' },
      transcript: {
        ...{ text: words.join(' '), language: 'ar', model: 'm', durationSeconds: 0.5 },
        segments: [
          {
            text: words.join(' '),
            startSeconds: 0,
            endSeconds: 0.5,
            words: words.map((text) => ({
              text: ` ${text}`,
              startSeconds: 0,
              endSeconds: 0.5,
              probability: 1,
            })),
          },
        ],
      },
    });
    for (const [words, cached, status, pieces] of [
      [['مرحبا'], 1, 'Done: 1 word.', '1 piece'],
      [['one', 'two'], 1200, 'Done: 2 words.', '1,200 pieces'],
    ] as const) {
      const { job, transcript } = answer([...words], cached);
      await page.route('**/v1/jobs/*', (route) => route.fulfill({ json: job }));
      await page.route('**/v1/jobs/*/transcript*', (route) => route.fulfill({ json: transcript }));
      await page.setInputFiles('#file', fixture('jfk.flac'));
      await expect.poll(() => page.textContent('#status'), soon).toBe(status);
      expect(await page.textContent('#figures')).toMatch(new RegExp(`From the cache${pieces}Language`));
      expect(await page.getAttribute('#transcript', 'lang')).toBe('ar');
      await page.unrouteAll();
    }
  });

  it('lets a segment be played where the model times no words', async () => {
    const transcript = {
      ...{ text: 'Hello there. Bye.', language: 'en', model: 'm', durationSeconds: 11 },
      segments: [
        { text: ' Hello there.', startSeconds: 0, endSeconds: 4 },
        { text: '', startSeconds: 4, endSeconds: 6 },
        { text: ' Bye.', startSeconds: 6, endSeconds: 8 },
      ],
    };
    await page.route('**/v1/jobs/*/transcript*', (route) => route.fulfill({ json: transcript }));
    await transcribe('jfk.flac');
    expect(await page.textContent('#status')).toBe('Done: 3 words.');
    expect(await page.innerText('#transcript-hint')).toMatch(/^Click a passage to hear it\./);
    expect(await page.locator('.word').count()).toBe(2);
    await page.click('.word:text-is("Bye.")');
    await expect
      .poll(() => page.evaluate('document.getElementById("player").currentTime'), soon)
      .toBeGreaterThan(5.9);
  });

  it('says what the browser cannot play, and offers no playing of it', async () => {
    await transcribe('whats-the-weather-like.amr');
    await page.waitForSelector('#no-player:not([hidden])');
    expect(await page.isHidden('#player')).toBe(true);
    expect(await page.isHidden('#transcript-hint')).toBe(true);
    await transcribe('jfk.flac');
    expect(await page.isVisible('#player')).toBe(true);
    expect(await page.isVisible('#transcript-hint')).toBe(true);
  });

  it('keeps the focus in the page while buttons come and go', async () => {
    const focused = () => page.evaluate('document.activeElement.id');
    await page.focus('#choose');
    await page.setInputFiles('#file', {
      name: 'a.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hello'),
    });
    await expect.poll(() => page.textContent('#problem'), soon).toMatch(/Cannot read/);
    expect(await focused()).toBe('choose');
    await transcribe('jfk.flac');
    expect(await focused()).toBe('transcript');
    await page.focus('#live');
    await page.keyboard.press('Enter');
    await expect.poll(focused, soon).toBe('live-stop');
    for (const id of ['#choose', '#record', '#live']) expect(await page.isDisabled(id)).toBe(true);
    await page.keyboard.press('Enter');
    await expect.poll(focused, soon).toMatch(/^live(-whole)?$/);
    for (const id of ['#choose', '#record', '#live']) expect(await page.isEnabled(id)).toBe(true);
  });

  it('copies the text', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await transcribe('jfk.flac');
    await page.click('#copy');
    await expect.poll(() => page.textContent('#status'), soon).toBe('The text is copied.');
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^And so my fellow Americans/);
  });

  it('waits for a server that is away for a moment, and begins no second job', async () => {
    const keys = new Set<string | undefined>();
    const seen = new Map<string, number>();
    await page.route('**/v1/**', async (route) => {
      const request = route.request();
      const { pathname } = new URL(request.url());
      const what = `${request.method()} ${pathname.replace(/(job|upload)_\w+/, 'ID')}`;
      const times = (seen.get(what) ?? 0) + 1;
      seen.set(what, times);
      if (what === 'POST /v1/jobs') keys.add(request.headers()['idempotency-key']);
      if (what === 'POST /v1/uploads' || times > 3) return route.continue();
      if (times === 1) return route.abort();
      return route.fulfill({ status: times === 2 ? 503 : 429, headers: { 'retry-after': '0' }, body: '' });
    });
    await transcribe('jfk.flac');
    expect(await page.textContent('#transcript')).toMatch(/country/);
    expect(keys).toEqual(new Set([expect.stringMatching(/^[\da-f-]{20,}$/)]));
    expect([...seen.keys()]).not.toContain('DELETE /v1/jobs/ID');
    const often = ['PUT /v1/uploads/ID/content', 'POST /v1/uploads/ID/complete', 'POST /v1/jobs'];
    for (const what of [...often, 'GET /v1/jobs/ID/transcript'])
      expect([what, seen.get(what)]).toEqual([what, 4]);
    expect(complaints.every((words) => /ERR_FAILED|503|429/.test(words))).toBe(true);
    complaints = [];
  });

  it('has the server delete a recording, and offers nothing of it any more', async () => {
    await transcribe('jfk.flac');
    const jobs = async () => (await (await fetch(`${server.url}/v1/jobs`)).json()) as { data: unknown[] };
    const before = (await jobs()).data.length;
    await page.focus('#delete');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('#status'), soon).toMatch(/has deleted the recording/);
    expect((await jobs()).data.length).toBe(before - 1);
    expect(await page.isHidden('#delete')).toBe(true);
    expect(await page.isDisabled('#downloads button >> nth=0')).toBe(true);
    expect(await page.evaluate('document.activeElement.id')).toBe('transcript');
    expect(await violations()).toEqual([]);
    await transcribe('whats-the-weather-like.mp3');
    expect(await page.isVisible('#delete')).toBe(true);
    expect(await page.isEnabled('#downloads button >> nth=0')).toBe(true);
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

  it('has room for a long name, on a telephone too', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const name = `${'averylongname'.repeat(18)}.flac`;
    const buffer = await readFile(fixture('whats-the-weather-like.mp3'));
    await page.setInputFiles('#file', { name, mimeType: 'audio/mpeg', buffer });
    await page.waitForSelector('#result:not([hidden])');
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.getAttribute('#result-title', 'title')).toBe(name);
    const { height } = (await page.locator('#result-title').boundingBox())!;
    expect(height).toBeLessThan(100);
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
    await page.setInputFiles('#file', { name: 'no.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(0) });
    await expect.poll(() => page.textContent('#problem'), soon).toMatch(/^"no.wav" is empty/);
  });

  it('shows what it has so far of a long recording, which can be stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'murmuration-page-'));
    await writeFile(join(folder, 'long.wav'), await longSpeech());
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
    await transcribe('noise.wav');
    expect(await violations()).toEqual([]);
    await page.setInputFiles('#file', {
      name: 'a.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hello'),
    });
    await expect.poll(() => page.textContent('#problem'), soon).toMatch(/Cannot read/);
    expect(await violations()).toEqual([]);
    await page.click('#live');
    await expect.poll(() => page.textContent('#live-interim'), soon).not.toBe('');
    expect(await violations()).toEqual([]);
    await page.goto(`${server.url}/docs`);
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
