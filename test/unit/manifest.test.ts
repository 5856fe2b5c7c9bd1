import { readFileSync } from 'node:fs';
import { Manifest } from '@murmuration/whisper/manifest';
import { describe, expect, it } from 'vitest';

interface Change {
  readonly why: string;
  readonly path: readonly string[];
  /** Without it the key is taken out. */
  readonly value?: unknown;
}

// models/tests/test_manifest.py reads the same files
const read = (name: string) =>
  readFileSync(new URL(`../fixtures/manifest${name}.json`, import.meta.url), 'utf8');
const changesOf = (name: string) => JSON.parse(read(name)) as Change[];

/** The whole manifest with one change. */
function changed({ path, ...change }: Change): unknown {
  const manifest = JSON.parse(read(''));
  let place = manifest;
  for (const key of path.slice(0, -1)) place = place[key];
  if ('value' in change) place[path.at(-1)!] = change.value;
  else delete place[path.at(-1)!];
  return manifest;
}

it('reads the manifest that the tool chain writes, and loses nothing', () => {
  const manifest = JSON.parse(read(''));
  expect(Manifest.parse(manifest)).toEqual(manifest);
});

describe('accepts a manifest that', () => {
  it.each(changesOf('-accepted'))('$why', (change) => {
    expect(Manifest.safeParse(changed(change)).success).toBe(true);
  });
});

describe('refuses a manifest that', () => {
  it.each(changesOf('-broken'))('$why', (change) => {
    expect(Manifest.safeParse(changed(change)).success).toBe(false);
  });
});

it.each(['', '{', '[]', 'null', '{"format": NaN}'])('refuses %j', (text) => {
  expect(() => Manifest.parse(JSON.parse(text))).toThrow();
});
