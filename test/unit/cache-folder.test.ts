import { execFile, execFileSync } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheFolder } from '@murmuration/pipeline/cache/default-cache-folder';
import { type FolderCacheOptions, folderCache } from '@murmuration/pipeline/cache/folder-cache';
import { memoryCache } from '@murmuration/pipeline/cache/memory-cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const key = `ab${'0'.repeat(62)}`;
const keyOf = (index: number) => index.toString(16).padStart(64, '0');
let folder: string;
let path: string;
const open = (options: FolderCacheOptions = {}) => folderCache({ folder, ...options });
const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-cache-'));
  path = join(folder, 'ab', `${key}.json`);
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

describe('a cache in a folder', () => {
  it('is there for the next process, and readable by its owner alone', async () => {
    await open().set(key, segmentOf());
    expect(await open().get(key)).toEqual(segmentOf());
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await stat(dirname(path))).mode & 0o077).toBe(0);
    expect(await readdir(dirname(path))).toEqual([`${key}.json`]);
  });

  it('makes no folder before there is something to keep', async () => {
    const later = join(folder, 'a', 'b');
    expect(await folderCache({ folder: later }).get(key)).toBeUndefined();
    expect(await exists(later)).toBe(false);
    await folderCache({ folder: later }).set(key, segmentOf());
    expect(await folderCache({ folder: later }).get(key)).toEqual(segmentOf());
  });

  const entry = { format: 1, key, savedAt: 0, transcript: segmentOf() };
  it.each([
    ['nothing', ''],
    ['half an entry', JSON.stringify(entry).slice(0, 100)],
    ['bytes of something else', '\u0000\u0001\u0002'],
    ['a file of another format', JSON.stringify({ ...entry, format: 2 })],
    ['an entry of another key', JSON.stringify({ ...entry, key: 'c'.repeat(64) })],
    [
      'a transcript that breaks the contract',
      JSON.stringify({ ...entry, transcript: segmentOf({ temperature: 7 }) }),
    ],
    ['null', 'null'],
    ['deep nesting', '['.repeat(100_000)],
    ['far more than an entry', JSON.stringify({ ...entry, transcript: { text: 'x'.repeat(5 << 20) } })],
  ])('takes %s as a miss and removes it', async (_, text) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    const cache = open({ ttlSeconds: 1e12 });
    expect(await cache.get(key)).toBeUndefined();
    expect(await exists(path)).toBe(false);
    await cache.set(key, segmentOf());
    expect(await cache.get(key)).toEqual(segmentOf());
  });

  it('takes a folder, a link and a pipe in the place of an entry as a miss', async () => {
    const problems: string[] = [];
    await mkdir(path, { recursive: true });
    const cache = open({ onProblem: (message) => problems.push(message) });
    expect(await cache.get(key)).toBeUndefined();
    await cache.set(key, segmentOf());
    expect(problems).toHaveLength(1);

    await rm(path, { recursive: true });
    const secret = join(folder, 'secret.txt');
    await writeFile(secret, 'kept');
    await symlink(secret, path);
    expect(await cache.get(key)).toBeUndefined();
    expect(await readFile(secret, 'utf8')).toBe('kept');

    execFileSync('mkfifo', [path]);
    expect(await cache.get(key)).toBeUndefined();
    await cache.set(key, segmentOf());
    expect(await cache.get(key)).toEqual(segmentOf());
  });

  it('says once that it cannot write, and fails nobody', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const problems: string[] = [];
    const cache = folderCache({ folder: file, onProblem: (message) => problems.push(message) });
    await cache.set(key, segmentOf());
    await cache.set(keyOf(1), segmentOf());
    expect(problems).toEqual([expect.stringMatching(/not cached.*cannot be written to \(\w+\)/)]);
    expect(await cache.get(key)).toBeUndefined();
  });

  it('sweeps what was not used the longest when it is full', async () => {
    let now = 1_000_000;
    const transcript = segmentOf({ text: 'x'.repeat(1000) });
    const first = open({ now: () => now });
    for (let index = 0; index < 10; index++) {
      now += 1000;
      await first.set(keyOf(index), transcript);
    }
    now += 1000;
    await first.get(keyOf(0));
    const { size } = await stat(join(folder, '00', `${keyOf(0)}.json`));
    now += 1000;
    const cache = open({ now: () => now, maxBytes: size * 6 });
    await cache.set(keyOf(10), transcript);
    const left = await Promise.all(
      Array.from({ length: 11 }, async (_, index) => ((await cache.get(keyOf(index))) ? [index] : [])),
    );
    expect(left.flat()).toEqual([0, 7, 8, 9, 10]);
  });

  it('stays within its size however much one process writes', async () => {
    let now = 1_000_000;
    const cache = open({ now: () => ++now, maxBytes: 20_000 });
    for (let index = 0; index < 100; index++) {
      await cache.set(keyOf(index), segmentOf({ text: 'x'.repeat(1000) }));
      const files = await readdir(join(folder, '00'));
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, '00', file))).size));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(20_000);
    }
    expect(await cache.get(keyOf(99))).toBeDefined();
  });

  it('sweeps the old and what dead processes left, and nothing that is not its own', async () => {
    await open().set(keyOf(1), segmentOf());
    const own = join(folder, '00', `${keyOf(1)}.json`);
    const draft = join(folder, '00', '.00000000-0000-4000-8000-000000000000.tmp');
    const foreign = [join(folder, '00', 'notes.txt'), join(folder, 'talk.json')];
    for (const file of [draft, ...foreign]) await writeFile(file, '');
    for (const file of [own, draft, ...foreign]) await utimes(file, 0, 0);
    await open().set(keyOf(2), segmentOf());
    expect(await Promise.all([own, draft, ...foreign].map(exists))).toEqual([false, false, true, true]);
    expect(await open().get(keyOf(2))).toBeDefined();
  });

  it('an entry that was copied to another key is not taken for its', async () => {
    const cache = open();
    await cache.set(key, segmentOf());
    const other = key.replace(/0$/, '1');
    await cp(path, join(folder, 'ab', `${other}.json`));
    expect(await cache.get(other)).toBeUndefined();
    expect(await cache.get(key)).toBeDefined();
  });

  it('is shared by processes that write and read the same keys at once', async () => {
    const script = `
      import { folderCache } from '@murmuration/pipeline/cache/folder-cache';
      const cache = folderCache({ folder: process.argv[1], maxBytes: 30000 });
      const segment = ${JSON.stringify(segmentOf())};
      let hits = 0;
      for (let round = 0; round < 40; round++) {
        const keys = [...'0123456789abcdef'].map((digit) => digit.repeat(64));
        await Promise.all(keys.map((key) => cache.set(key, { ...segment, text: key + 'x'.repeat(round * 20) })));
        for (const key of keys) {
          const found = await cache.get(key);
          if (found !== undefined && !found.text.startsWith(key)) throw new Error('mixed up ' + key);
          if (found !== undefined) hits++;
        }
      }
      console.log(hits);`;
    const run = () =>
      promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', script, folder],
        { timeout: 50_000 },
      );
    for (const { stdout, stderr } of await Promise.all([run(), run()])) {
      expect(Number(stdout)).toBeGreaterThan(0);
      expect(stderr).toBe('');
    }
    const left = await readdir(folder, { recursive: true });
    expect(left.filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it.each([{ maxBytes: 0 }, { ttlSeconds: -1 }, { ttlSeconds: Number.NaN }])('refuses %j', (options) => {
    expect(() => open(options)).toThrow(/is .*: give a number above 0/);
  });
});

describe('the default place', () => {
  it.each([
    [{}, '/home/me/.cache/murmuration/transcripts'],
    [{ XDG_CACHE_HOME: '/big/disk' }, '/big/disk/murmuration/transcripts'],
    [{ XDG_CACHE_HOME: 'relative' }, '/home/me/.cache/murmuration/transcripts'],
    [{ XDG_CACHE_HOME: '' }, '/home/me/.cache/murmuration/transcripts'],
  ])('with %j is %s', (env, expected) => {
    expect(defaultCacheFolder(env, '/home/me')).toBe(expected);
  });
});

describe('a cache in memory', () => {
  it('forgets what was not asked for the longest', async () => {
    const cache = memoryCache({ maxEntries: 2 });
    await cache.set(keyOf(1), segmentOf());
    await cache.set(keyOf(2), segmentOf());
    await cache.get(keyOf(1));
    await cache.set(keyOf(3), segmentOf());
    const found = await Promise.all([1, 2, 3].map((index) => cache.get(keyOf(index))));
    expect(found.map((segment) => segment !== undefined)).toEqual([true, false, true]);
  });

  it.each([0, 1.5, Number.NaN])('refuses maxEntries %d', (maxEntries) => {
    expect(() => memoryCache({ maxEntries })).toThrow(/give a whole number from 1/);
  });
});
