import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Finding } from '@murmuration/pipeline/contract/finding';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording } from '../engine/recordings.ts';
import { wavOf } from './bad-files.ts';
import { fixture, runCli } from './run-cli.ts';

const jfk = fixture('jfk.flac');
const stereo = fixture('stereo_diarization.wav');

let folder: string;
/** Two minutes: a sentence of LibriSpeech and Kennedy's, in turn, with a second of silence between them. */
let long: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-cli-long-'));
  const pause = new Float32Array(16_000);
  const turn = [await recording('librispeech-1995-1837-0001.wav'), pause, await recording('jfk.flac'), pause];
  const samples = Int16Array.from(
    Array(6)
      .fill(turn)
      .flat()
      .flatMap((pcm: Float32Array) => [...pcm]),
    (value) => Math.round(value * 32_767),
  );
  long = join(folder, 'long.wav');
  await writeFile(long, wavOf(samples));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a recording longer than the engine takes', () => {
  it('has every sentence once, in captions whose times run forward', async () => {
    const run = await runCli(['transcribe', long, '--format', 'srt', '--quiet', '--no-cache']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    for (const word of [/sorrow/g, /Americans/g]) expect(run.stdout.match(word)).toHaveLength(6);
    const times = [...run.stdout.matchAll(/(\d\d):(\d\d):(\d\d),(\d{3})/g)].map(
      ([, h, m, s, ms]) => Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000,
    );
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(100);
  });

  it('that was stopped goes on where it was when it is asked for again', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'cache') };
    const ask = ['transcribe', jfk, long, '--jsonl', '--batch-size', '1'];
    const kept = async () =>
      (await readdir(env.XDG_CACHE_HOME, { recursive: true })).filter((name) => name.endsWith('.json'))
        .length;
    const stopped = await runCli(ask, {
      env,
      onStdout: async (child) => {
        // The first recording is done; the signal comes when the second is under way
        while ((await kept()) < 2) await setTimeout(10);
        process.kill(-child.pid!, 'SIGINT');
      },
    });
    expect(stopped.exitCode).toBe(130);
    const [first, second] = lines((await runCli(ask, { env })).stdout);
    expect(first.cached).toBe(1);
    expect(second.cached).toBeGreaterThan(0);
    expect(second.text.match(/sorrow/g)).toHaveLength(6);
    const [again] = lines((await runCli(['transcribe', long, '--jsonl'], { env })).stdout);
    expect(again).toMatchObject({ cached: again.segments, text: second.text });
    const [fresh] = lines((await runCli(['transcribe', long, '--jsonl', '--no-cache'], { env })).stdout);
    expect(fresh).toMatchObject({ cached: 0, text: second.text });
  });
});

describe('channels apart', () => {
  it('are transcribed each on its own and labelled', async () => {
    const run = await runCli([
      'transcribe',
      stereo,
      '--channels',
      'separate',
      '--format',
      'json',
      '--no-cache',
    ]);
    const { segments, text } = JSON.parse(run.stdout);
    expect(text).toMatch(/^Channel [12]: /);
    const said = (channel: number) =>
      segments
        .filter((segment: { channel: number }) => segment.channel === channel)
        .map((segment: { text: string }) => segment.text)
        .join();
    expect(said(0)).toMatch(/wizard/);
    expect(said(0)).not.toMatch(/horizon/);
    expect(said(1)).toMatch(/horizon/);
    expect(said(1)).not.toMatch(/wizard/);
  });
});

describe('what was left out', () => {
  it('stands in the report with its reason, and nowhere else', async () => {
    const report = join(folder, 'report.jsonl');
    const run = await runCli([
      'transcribe',
      fixture('noise.wav'),
      jfk,
      '--report',
      report,
      '-q',
      '--no-cache',
    ]);
    expect(run.stdout.trim()).toMatch(/^And so my fellow Americans[^\n]*$/);
    const [noise, speech] = lines(await readFile(report, 'utf8'));
    expect(noise.findings).toEqual([expect.objectContaining({ kind: 'dropped', reason: 'no-speech' })]);
    expect(Finding.parse(noise.findings[0]).text).not.toBe('');
    const media = { codec: 'flac', channels: 2, narrowBand: false };
    expect(speech).toMatchObject({ file: jfk, media, findings: [], warnings: [] });
  });
});

describe('edits', () => {
  it('replace in text and captions alike', async () => {
    const rules = join(folder, 'rules.json');
    await writeFile(rules, JSON.stringify([{ find: 'fellow Americans', with: 'friends' }]));
    for (const format of ['text', 'vtt']) {
      const run = await runCli(['transcribe', jfk, '--replace', rules, '--format', format]);
      expect(run.stdout.replace(/\s+/g, ' ')).toContain('And so my friends ask not');
    }
  });

  it('that cannot be used are refused before any work', async () => {
    const rules = join(folder, 'bad-rules.json');
    await writeFile(rules, '[{"find": ""}]');
    const bad = await runCli(['transcribe', jfk, '--replace', rules]);
    expect(bad).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/^murmuration: .*rule 1.*\n$/),
    });
    expect((await runCli(['transcribe', jfk, '--redact', 'soul'])).exitCode).toBe(2);
    expect((await runCli(['transcribe', jfk, '--replace', join(folder, 'none.json')])).exitCode).toBe(3);
  });

  it('keep nothing of a redacted recording in the cache', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'empty-cache') };
    await runCli(['transcribe', jfk, '--redact', 'email,phone,card,ssn'], { env });
    const [line] = lines((await runCli(['transcribe', jfk, '--jsonl'], { env })).stdout);
    expect(line.cached).toBe(0);
  });
});

it('reads an address, and shows no signature of it', async () => {
  const bytes = await readFile(jfk);
  const server = createServer((request, response) => {
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Number(range[2]) + 1 : bytes.length;
    const head = { 'accept-ranges': 'bytes', 'content-length': end - start };
    response.writeHead(range ? 206 : 200, {
      ...head,
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start, end));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}/talks/jfk.flac`;
  const run = await runCli(['transcribe', `${address}?signature=secret`, '--jsonl']);
  server.close();
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect(lines(run.stdout)).toMatchObject([{ file: address, text: expect.stringMatching(/^And so/) }]);
});

it('writes nothing but transcripts into the cache: onnxruntime keeps no id of the machine and tells nobody', async () => {
  const cache = join(folder, 'telemetry');
  const run = await runCli(['transcribe', jfk], { env: { XDG_CACHE_HOME: cache, CI: '' } });
  expect(run.exitCode).toBe(0);
  expect(await readdir(cache)).toEqual(['murmuration']);
});
