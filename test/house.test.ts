import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { brokenRule } from './house/broken-rule.ts';
import { findCircles } from './house/find-circles.ts';
import { scanImports } from './house/scan-imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts|js|mjs|cjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('node_modules/'));
}

const present = new Set(readdirSync(root));
const sources = ['functions', 'layers', 'cdk', 'test']
  .filter((folder) => present.has(folder))
  .flatMap(sourcesIn)
  // This file, which holds every broken rule as a string
  .filter((file) => file !== 'test/house.test.ts');

/** The rules that a source would break if it stood at `file`. */
const broken = (file: string, source: string) =>
  scanImports(source).flatMap((found) => brokenRule(file, found) ?? []);

describe('this house', () => {
  it('is scanned whole', () => {
    expect(sources).toContain('functions/cli/main.ts');
    expect(sources).toContain('layers/whisper/engine.ts');
    expect(scanImports(readFileSync(join(root, 'functions/cli/main.ts'), 'utf8'))).toContainEqual({
      specifier: './transcribe.ts',
      typeOnly: false,
    });
  });

  it.each(sources)('%s imports only what it may', (file) => {
    expect(broken(file, readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });
});

describe('imports', () => {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');

  it('go in no circles, types neither', () => {
    const contents = new Map(
      sources.filter((file) => !file.startsWith('test/')).map((file) => [file, read(file)]),
    );
    expect(findCircles(contents)).toEqual([]);
  });

  it('are followed around a circle, over types and layers', () => {
    const circle = new Map([
      ['functions/cli/a.ts', "import type { B } from './b/b.ts';"],
      ['functions/cli/b/b.ts', "import { c } from '@murmuration/pipeline/c';"],
      ['layers/pipeline/c.ts', "import { a } from '../../functions/cli/a.ts'; import './d.ts';"],
      ['layers/pipeline/d.ts', ''],
    ]);
    expect(findCircles(circle)).toEqual([
      ['functions/cli/a.ts', 'functions/cli/b/b.ts', 'layers/pipeline/c.ts', 'functions/cli/a.ts'],
    ]);
  });
});

describe('an import that is not allowed is found:', () => {
  it.each([
    [
      'functions/api/main.ts',
      "import { a } from '../cli/transcribe.ts';",
      /functions never import functions/,
    ],
    ['layers/pipeline/steps/merge.ts', "import { split } from './split.ts';", /steps never import steps/],
    ['layers/pipeline/steps/merge.ts', "import { s } from '../adapters/s3-store.ts';", /adapters/],
    ['layers/pipeline/merge.ts', "export { e } from '@murmuration/whisper/engine';", /knows no other layer/],
    [
      'layers/whisper/engine.ts',
      "import { f } from '@murmuration/pipeline/formats/formats';",
      /contract, errors/,
    ],
    [
      'layers/whisper/engine.ts',
      "import { cut } from '@murmuration/media/cut';",
      /no layer but the pipeline/,
    ],
    ['layers/media/cut.ts', "const { a } = await import('../pipeline/errors.ts');", /by a relative path/],
    ['layers/media/cut.ts', "import { a } from '../../functions/cli/laptop.ts';", /by a relative path/],
    [
      'layers/media/cut.ts',
      "import { a } from '../../test/unit/factories/transcript.ts';",
      /by a relative path/,
    ],
    [
      'layers/media/cut.ts',
      "import { a } from '@murmuration/media/a';",
      /inside a layer imports are relative/,
    ],
    ['layers/whisper/a.ts', "import graph from '../../models/graph.json' with { type: 'json' };", /manifest/],
    ['functions/cli/main.ts', "import '../../../shared/spike/front/vad.mjs';", /outside the repository/],
    ['functions/cli/main.ts', "require('/home/me/vad.cjs')", /paths of one machine/],
    ['functions/cli/main.ts', "import { a } from '../../layers/whisper/engine.ts';", /by a relative path/],
    ['cdk/app.ts', "import { Env } from '../functions/splitter/env.ts';", /only types/],
    ['cdk/app.ts', "import { split } from '@murmuration/pipeline/steps/split';", /only keys and metrics/],
    ['cdk/app.ts', "import { e } from '@murmuration/whisper/engine';", /only keys and metrics/],
    ['cdk/app.ts', "import { main } from '../functions/splitter/main.ts';", /by a relative path/],
    ['layers/api/create-api.ts', "import { e } from '@murmuration/whisper/engine';", /no layer but/],
    ['layers/api/a.ts', "import { t } from '@murmuration/pipeline/steps/split-recording';", /the API knows/],
    ['layers/media/cut.ts', "import {\n  a,\n  type B,\n} from '@murmuration/whisper/engine';", /no layer/],
  ])('%s: %s', (file, source, rule) => {
    expect(broken(file, source)).toEqual([expect.stringMatching(rule)]);
  });
});

describe('an import that is allowed is left alone:', () => {
  it.each([
    ['functions/cli/main.ts', "import { e } from '@murmuration/whisper/engine';\nimport './help-text.ts';"],
    ['layers/pipeline/steps/merge.ts', "import { joinSegments } from '../transcripts/join-segments.ts';"],
    ['layers/media/cut.ts', "import type { Pcm } from '@murmuration/pipeline/ports';"],
    ['layers/whisper/engine.ts', "import { D } from '@murmuration/pipeline/contract/decoding';"],
    ['layers/api/a.ts', "import { f } from '@murmuration/pipeline/formats/formats';"],
    ['cdk/app.ts', "import type { Env } from '../functions/splitter/env.ts';"],
    ['cdk/app.ts', "import { jobKey } from '@murmuration/pipeline/keys';"],
    ['test/functions/cli.test.ts', "import { a } from '../../functions/cli/parse-option.ts';"],
    ['test/stacks/app.test.ts', "import { Config } from '../../cdk/config.ts';"],
    ['layers/media/cut.ts', "// import { e } from '@murmuration/whisper/engine';\n/* require('../../x') */"],
  ])('%s: %s', (file, source) => {
    expect(broken(file, source)).toEqual([]);
  });
});
