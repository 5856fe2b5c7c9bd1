import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { median } from '../../functions/cli/median.ts';
import type { Contestant, TimedWord } from './contestant.ts';
import { matchWords } from './match-words.ts';
import { report } from './report.ts';

/** Recordings whose word times are known from another source than Whisper. */
interface KnownTimes {
  readonly name: string;
  readonly recordings: readonly { readonly file: string; readonly words: readonly TimedWord[] }[];
}

const here = (name: string) => new URL(name, import.meta.url).pathname;

/**
 * How far from the truth each contestant puts the starts of words, over the words that all of them heard: on speech that
 * espeak-ng makes here and now, on recordings of people in this repository, and on lists of word times that are given.
 */
export async function measureTimes(
  contestants: readonly Contestant[],
  { name, threads, files }: { name: string; threads: number; files: readonly string[] },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'murmuration-times-'));
  const rows: Record<string, string | number>[] = [];
  try {
    const fixtures = readTimes(
      'people, this repository',
      here('word-times/fixtures.jsonl'),
      here('../fixtures/audio'),
    );
    const given = files.map((path) => readTimes(basename(path), path, dirname(path)));
    for (const known of [...synthesized(folder), fixtures, ...given]) {
      rows.push(...(await measureSet(known, contestants)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  report(name, { threads, rows });
}

async function measureSet({ name, recordings }: KnownTimes, contestants: readonly Contestant[]) {
  const errors = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
  const heardWords = new Map<Contestant, number>(contestants.map((contestant) => [contestant, 0]));
  for (const { file, words } of recordings) {
    const found = new Map<Contestant, Map<number, TimedWord>>();
    for (const contestant of contestants) {
      const heard = matchWords(words, (await contestant.transcribe(file)).words ?? []);
      found.set(contestant, heard);
      heardWords.set(contestant, heardWords.get(contestant)! + heard.size);
    }
    for (const [index, { startSeconds }] of words.entries()) {
      // A contestant that drops hard words would look better for it
      if (![...found.values()].every((heard) => heard.has(index))) continue;
      for (const [contestant, heard] of found) {
        errors.get(contestant)!.push(heard.get(index)!.startSeconds - startSeconds);
      }
    }
  }
  const total = recordings.reduce((sum, { words }) => sum + words.length, 0);
  return contestants.map((contestant) => {
    const signed = errors.get(contestant)!;
    const sizes = signed.map(Math.abs).sort((a, b) => a - b);
    const milliseconds = (seconds: number) => Math.round(seconds * 1000);
    return {
      set: name,
      contestant: contestant.name,
      words: total,
      'heard by it': heardWords.get(contestant)!,
      'heard by all': signed.length,
      'median ms': milliseconds(median(sizes)),
      '90 % within ms': milliseconds(sizes[Math.floor(sizes.length * 0.9)] ?? 0),
      'bias ms': milliseconds(median(signed)),
      'over 0.5 s': sizes.filter((size) => size > 0.5).length,
    };
  });
}

function readTimes(name: string, path: string, folder: string): KnownTimes {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const recordings = lines.map((line) => JSON.parse(line) as KnownTimes['recordings'][number]);
  return { name, recordings: recordings.map(({ file, words }) => ({ file: resolve(folder, file), words })) };
}

/** Nothing where espeak-ng is not installed. */
function synthesized(folder: string): KnownTimes[] {
  const list = join(folder, 'times.jsonl');
  const script = here('word-times/synthesize_words.py');
  try {
    execFileSync('sh', ['-c', 'python3 "$0" "$1" > "$2"', script, folder, list], { stdio: 'inherit' });
  } catch {
    console.error('no synthesized speech: apt-get install libespeak-ng1 brings it');
  }
  return existsSync(list) && readFileSync(list).length > 0 ? [readTimes('espeak-ng', list, folder)] : [];
}
