import { existsSync, readFileSync } from 'node:fs';
import { errorPolicy } from '@murmuration/pipeline/errors';
import { formatNames } from '@murmuration/pipeline/formats/formats';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

describe('the README', () => {
  it('has a row for every exit code and a name for every format', () => {
    for (const { exitCode } of Object.values(errorPolicy)) {
      expect(readme).toMatch(new RegExp(`^\\| ${exitCode} \\| \\w`, 'm'));
    }
    for (const name of formatNames) expect(readme).toContain(`\`${name}\``);
  });

  it('points at files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !existsSync(new URL(link, root)))).toEqual([]);
  });
});
