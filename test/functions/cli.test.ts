import type { ChildProcess } from 'node:child_process';
import { cp, mkdtemp, open, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { errorPolicy } from '@murmuration/pipeline/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wavOf, writeBadFiles } from './bad-files.ts';
import { fixture, runCli, runShell } from './run-cli.ts';

const jfk = fixture('jfk.flac');
const weather = fixture('whats-the-weather-like.mp3');
const embedded = fileURLToPath(new URL('../../models/artifacts/whisper-tiny.en-int8', import.meta.url));

const onExit = "process.on('exit', () => console.error(process.report.getReport().sharedObjects.join(' ')))";
const listLoadedLibraries = `--import=data:text/javascript,${encodeURIComponent(onExit)}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const oneLine = /^murmuration: [^\n]+\n$/;

describe('help', () => {
  it('shows examples and every exit code, without loading onnxruntime', async () => {
    const help = await runCli(['--help'], { env: { NODE_OPTIONS: listLoadedLibraries } });
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain('murmuration transcribe talk.mp3 --format srt');
    for (const { exitCode } of Object.values(errorPolicy)) {
      expect(help.stdout).toMatch(new RegExp(`^ +${exitCode}  \\w`, 'm'));
    }
    expect(help.stderr).toContain('libc');
    expect(help.stderr).not.toContain('onnxruntime');
    const work = await runCli(['transcribe', weather], { env: { NODE_OPTIONS: listLoadedLibraries } });
    expect(work.stderr).toContain('onnxruntime');
  });

  it('of transcribe names its options, and --version a version', async () => {
    const help = await runCli(['transcribe', '--help']);
    for (const option of ['--format', '--output-dir', '--language', '--jsonl', '--allow-damaged']) {
      expect(help.stdout).toContain(option);
    }
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a command line that cannot be understood', () => {
  it.each([
    ['an unknown command', ['sing']],
    ['no file', ['transcribe']],
    ['an unknown option', ['transcribe', '--fromat', 'srt', jfk]],
    ['a file of no name', ['transcribe', jfk, '']],
    ['an unknown format', ['transcribe', '--format', 'docx', jfk]],
    ['no threads', ['transcribe', '--threads', '0', jfk]],
    ['a temperature above 1', ['transcribe', '--temperature', '0,1.5', jfk]],
    ['an unknown task', ['transcribe', '--task', 'sing', jfk]],
    ['a threshold that is no number', ['transcribe', '--logprob-threshold', 'low', jfk]],
    ['more threads than any machine has', ['transcribe', '--threads', '100000', jfk]],
    ['more batch than any memory holds', ['transcribe', '--batch-size', '99999999', jfk]],
    ['two formats for stdout', ['transcribe', '--format', 'srt,vtt', jfk]],
    ['two files of one name', ['transcribe', '--output-dir', '/nowhere', '/a/talk.mp3', '/b/talk.wav']],
  ])('%s: exit code 2, one line, nothing on stdout', async (_, args) => {
    const run = await runCli(args);
    expect(run).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(oneLine) });
  });
});

describe('transcribe', () => {
  it('prints the text alone', async () => {
    const run = await runCli(['transcribe', jfk, '--threads', '2']);
    expect(run).toEqual({
      exitCode: 0,
      stderr: '',
      stdout:
        'And so my fellow Americans ask not what your country can do for you, ask what you can do for your country.\n',
    });
  });

  it('writes every format into a folder, whole, and nothing to stdout', async () => {
    const out = join(folder, 'out', 'deep');
    const formats = 'text,json,verbose_json,srt,vtt,tsv';
    const run = await runCli(['transcribe', jfk, '--format', formats, '--output-dir', out, '--quiet']);
    expect(run).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await readdir(out)).sort()).toEqual(
      ['jfk.json', 'jfk.srt', 'jfk.tsv', 'jfk.txt', 'jfk.verbose.json', 'jfk.vtt'].sort(),
    );
    const read = (name: string) => readFile(join(out, name), 'utf8');
    const transcript = Transcript.parse(JSON.parse(await read('jfk.json')));
    expect(transcript).toMatchObject({ durationSeconds: 11, language: 'en', model: 'whisper-tiny.en-int8' });
    const words = transcript.segments.flatMap((segment) => segment.words ?? []);
    expect(
      words
        .map((word) => word.text)
        .join('')
        .trim(),
    ).toBe(transcript.text);
    expect(await read('jfk.txt')).toBe(`${transcript.text}\n`);
    expect(JSON.parse(await read('jfk.verbose.json'))).toMatchObject({ language: 'english', duration: 11 });
    expect(await read('jfk.vtt')).toMatch(/^WEBVTT\n\n\d\d:\d\d:\d\d\.\d{3} --> /);
    const shown = (await read('jfk.srt')).split('\n').filter((line) => /[a-z]/.test(line));
    expect(shown.join(' ')).toBe(transcript.text);
    expect(await read('jfk.tsv')).toMatch(/^start\tend\ttext\n\d+\t\d+\tAnd so/);
  });

  it('names each of several recordings on stderr, so that stdout stays clean', async () => {
    const run = await runCli(['transcribe', weather, jfk]);
    expect(run.stdout.split('\n')).toHaveLength(3);
    expect(run.stderr).toBe(`==> ${weather} <==\n==> ${jfk} <==\n`);
  });

  it('notes an option that changes nothing, but not where it is to be quiet', async () => {
    const note = 'murmuration: --max-lines changes nothing without --format srt, vtt or tsv\n';
    for (const [quiet, stderr] of [
      [[], note],
      [['--quiet'], ''],
    ] as const) {
      const run = await runCli(['transcribe', weather, '--max-lines', '1', ...quiet]);
      expect(run).toMatchObject({ exitCode: 0, stderr });
    }
  });

  it('prints one line of JSON a recording', async () => {
    const run = await runCli(['transcribe', weather, jfk, '--jsonl', '--language', 'English']);
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(run.stderr).toBe('');
    expect(lines).toMatchObject([
      { file: weather, text: expect.stringMatching(/weather/i), language: 'en', warnings: [] },
      { file: jfk, durationSeconds: 11, segments: 1, seconds: expect.any(Number) },
    ]);
  });
});

describe('bad input', () => {
  it('gives each file one line and its exit code, and the sound ones are done', async () => {
    const bad = Object.values(await writeBadFiles(folder));
    const files = [...bad.map(({ path }) => path), weather];
    const run = await runCli(['transcribe', ...files, '--jsonl']);
    expect(run.exitCode).toBe(bad[0]!.exitCode);
    const complaints = run.stderr.trimEnd().split('\n');
    expect(complaints).toHaveLength(bad.length);
    bad.forEach(({ path }, index) => {
      expect(complaints[index]).toMatch(/^murmuration: /);
      expect(complaints[index]?.split(path)).toHaveLength(2);
    });
    expect(
      run.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).file),
    ).toEqual([weather]);
  });

  it('is named in the report, of which nothing stays from the run before', async () => {
    const bad = Object.values(await writeBadFiles(folder));
    const report = join(folder, 'failed.jsonl');
    await writeFile(report, '{"file":"yesterday.mp3"}\n');
    const linesAfter = async (files: readonly string[]) => {
      await runCli(['transcribe', ...files, '--report', report]);
      const lines = (await readFile(report, 'utf8')).trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line));
    };
    const failed = bad.map(({ path }) => ({
      file: path,
      error: { code: expect.any(String), message: expect.any(String) },
    }));
    expect(await linesAfter(bad.map(({ path }) => path))).toEqual(failed);
    const missing = join(folder, 'missing.wav');
    expect(await linesAfter([missing, weather])).toEqual([
      { file: missing, error: { code: 'file-not-found', message: expect.stringContaining(missing) } },
      expect.objectContaining({ file: weather, findings: [] }),
    ]);
  });

  it('ends with the documented exit code for each kind', async () => {
    for (const { path, exitCode } of Object.values(await writeBadFiles(folder))) {
      const run = await runCli(['transcribe', path]);
      expect(run, path).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(oneLine) });
    }
  });

  it('that is cut off gives the transcript up to there, one warning and exit code 5; 0 where that is allowed', async () => {
    const cut = join(folder, 'cut.flac');
    const flac = await readFile(jfk);
    await writeFile(cut, flac.subarray(0, flac.length * 0.6));
    const warning = `murmuration: ${cut}: warning: ended early: `;
    for (const [allowed, exitCode] of [
      [[], 5],
      [['--allow-damaged'], 0],
    ] as const) {
      const run = await runCli(['transcribe', cut, ...allowed]);
      expect(run).toEqual({
        exitCode,
        stdout: expect.stringMatching(/^And so my fellow Americans[^\n]*\n$/),
        stderr: expect.stringMatching(oneLine),
      });
      expect(run.stderr.startsWith(warning)).toBe(true);
    }
    const out = join(folder, 'cut');
    const run = await runCli(['transcribe', cut, weather, '-f', 'text,json', '-o', out, '-q']);
    expect(run).toEqual({ exitCode: 5, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect((await readdir(out)).sort()).toEqual([
      'cut.json',
      'cut.txt',
      'whats-the-weather-like.json',
      'whats-the-weather-like.txt',
    ]);
    const transcript = Transcript.parse(JSON.parse(await readFile(join(out, 'cut.json'), 'utf8')));
    expect(transcript.durationSeconds).toBeGreaterThan(5);
    expect(transcript.durationSeconds).toBeLessThan(8);
  });

  it('a recording is never overwritten by its transcript', async () => {
    const recording = join(folder, 'voice.txt');
    await cp(weather, recording);
    const run = await runCli(['transcribe', recording, '--output-dir', folder]);
    expect(run).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(await readFile(recording)).toEqual(await readFile(weather));
  });

  it('what is no plain file, as /dev/null, is written to and stays what it is', async () => {
    const sink = join(folder, 'sink');
    await symlink('/dev/null', sink);
    const run = await runCli(['transcribe', weather, '--report', sink]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readlink(sink)).toBe('/dev/null');
  });

  it('a recording, or a manifest, is never overwritten by a report, figures or a plot; nor rules or a transcript', async () => {
    const recording = join(folder, 'voice.mp3');
    await cp(weather, recording);
    const link = join(folder, 'link.mp3');
    await symlink(recording, link);
    const manifest = join(folder, 'manifest.jsonl');
    await writeFile(manifest, JSON.stringify({ file: recording, text: 'What is the weather like?' }));
    for (const args of [
      ['transcribe', recording, '--report', link],
      ['transcribe', weather, '--replace', manifest, '--report', manifest],
      [
        'transcribe',
        weather,
        '-f',
        'json',
        '-o',
        folder,
        '--report',
        join(folder, 'whats-the-weather-like.json'),
      ],
      [
        'transcribe',
        join(folder, 'rules.mp3'),
        '-f',
        'json',
        '-o',
        folder,
        '--replace',
        join(folder, 'rules.json'),
      ],
      ['eval', manifest, '--json', manifest],
      ['eval', manifest, '--plot', link],
    ]) {
      const run = await runCli(args);
      expect(run, args.join(' ')).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringMatching(oneLine),
      });
    }
    expect(await readFile(recording)).toEqual(await readFile(weather));
    expect(await readFile(manifest, 'utf8')).toContain('weather');
  });

  it('a pipe is read to its end', async () => {
    const wav = fixture('whats-the-weather-like-mulaw.wav');
    const run = await runShell('mkfifo "$3/pipe"; cat "$2" > "$3/pipe" & "$0" "$1" transcribe "$3/pipe"', [
      wav,
      folder,
    ]);
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/weather/i) });
  });

  it.each([
    'cat "$2" | "$0" "$1" transcribe -',
    '"$0" "$1" transcribe /dev/stdin < "$2"',
    '"$0" "$1" transcribe <(cat "$2")',
  ])('what is sent to the program is read: %s', async (line) => {
    const run = await runShell(line, [weather]);
    expect(run).toEqual({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/weather/i) });
  });

  it('stdin of nothing is one line and exit code 4, and its transcript is named stdin', async () => {
    const nothing = await runCli(['transcribe', '-']);
    expect(nothing).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'murmuration: "stdin" is empty (0 bytes): record or copy it again\n',
    });
    const out = join(folder, 'sent');
    await runShell('"$0" "$1" transcribe - -q -o "$3" < "$2"', [weather, out]);
    expect(await readdir(out)).toEqual(['stdin.txt']);
  });

  it('a name as long as the file system takes can be written', async () => {
    const recording = join(folder, `${'n'.repeat(250)}.mp3`);
    await cp(weather, recording);
    const run = await runCli(['transcribe', recording, '--output-dir', join(folder, 'long'), '-q']);
    expect(run).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('an unknown model is answered with the known ones', async () => {
    const run = await runCli(['transcribe', jfk, '--model', 'whisper-huge']);
    expect(run).toEqual({ exitCode: 7, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(run.stderr).toContain('whisper-tiny.en-int8');
  });

  it('a model file with one wrong byte is refused', async () => {
    const copy = join(folder, 'damaged-model');
    await cp(embedded, copy, { recursive: true });
    const graph = (await readdir(copy)).find((name) => name.endsWith('.onnx'))!;
    const file = await open(join(copy, graph), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 1_000_000);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, 1_000_000);
    await file.close();
    const run = await runCli(['transcribe', jfk, '--model', copy]);
    expect(run).toEqual({ exitCode: 7, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(run.stderr).toContain('sha256');
  });

  it('a language that the model cannot read is refused before any file is opened', async () => {
    const run = await runCli(['transcribe', '/nowhere/talk.mp3', '--language', 'klingon']);
    expect(run).toEqual({ exitCode: 8, stdout: '', stderr: expect.stringMatching(oneLine) });
  });

  it('a folder that cannot be made is refused before any work', async () => {
    const run = await runCli(['transcribe', jfk, '--output-dir', join(jfk, 'out')]);
    expect(run).toEqual({ exitCode: 9, stdout: '', stderr: expect.stringMatching(oneLine) });
  });
});

describe('an end before the end', () => {
  it('by Ctrl-C gives exit code 130, one line, and no half-written file', async () => {
    const out = join(folder, 'interrupted');
    const long = join(folder, 'long.wav');
    const speech = await readFile(fixture('librispeech-1995-1837-0001.wav'));
    const samples = new Int16Array(
      speech
        .subarray(44)
        .slice(0, 16_000 * 8 * 2)
        .buffer.slice(0),
    );
    await writeFile(
      long,
      wavOf(Int16Array.from({ length: samples.length * 60 }, (_, i) => samples[i % samples.length]!)),
    );
    const run = await runCli(
      ['transcribe', weather, long, '--jsonl', '--format', 'text,srt', '--output-dir', out, '-q'],
      {
        // The first recording is done; a terminal sends the signal to the whole group
        onStdout: (child) => process.kill(-child.pid!, 'SIGINT'),
      },
    );
    expect(run.exitCode).toBe(130);
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(run.stderr).toMatch(oneLine);
    expect((await readdir(out)).sort()).toEqual(['whats-the-weather-like.srt', 'whats-the-weather-like.txt']);
  });

  const readNothing = { onStdout: (child: ChildProcess) => child.stdout?.destroy() };

  it('of the reader is quiet', async () => {
    const run = await runCli(['transcribe', weather, weather, '--quiet'], readNothing);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('of the reader leaves the files and the exit code as they would be', async () => {
    const out = join(folder, 'unread');
    const files = [join(folder, 'none.wav'), weather, jfk];
    const run = await runCli(['transcribe', ...files, '--jsonl', '-f', 'text', '-o', out, '-q'], readNothing);
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(oneLine) });
    expect((await readdir(out)).sort()).toEqual(['jfk.txt', 'whats-the-weather-like.txt']);
  });

  it('of the space on stdout’s disk is exit code 9 and one line', async () => {
    const full = await runShell('"$0" "$1" transcribe "$2" > /dev/full', [jfk]);
    expect(full).toEqual({ exitCode: 9, stdout: '', stderr: expect.stringMatching(oneLine) });
  });
});

describe('the other commands', () => {
  it('models list shows the embedded model', async () => {
    const run = await runCli(['models', 'list']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^MODEL +PRECISION +SIZE +LANGUAGES +VERIFIED +WORD ERROR\n/);
    expect(run.stdout).toMatch(/^whisper-tiny\.en-int8 +int8 +4\d MB +en /m);
  });

  it('bench prints a table', async () => {
    const run = await runCli(['bench', weather, '--runs', '2', '--threads', '2']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^file to transcript +\d+ ms +\d+ ms +[\d.]+ ×$/m);
    expect(run.stdout).toMatch(/peak memory \d+ MB/);
  });
});
