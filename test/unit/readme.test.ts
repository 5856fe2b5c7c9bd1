import { existsSync, readFileSync } from 'node:fs';
import { type ErrorCode, errorPolicy } from '@murmuration/pipeline/errors';
import { formatNames } from '@murmuration/pipeline/formats/formats';
import { describe, expect, it } from 'vitest';
import { meanings } from '../../functions/cli/help-text.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

describe('the README', () => {
  it('says of every exit code what --help says of it, and has no other', () => {
    const said = new Map<number, string>([[0, 'everything was done']]);
    for (const [code, meaning] of Object.entries(meanings)) {
      const { exitCode } = errorPolicy[code as ErrorCode];
      said.set(exitCode, [said.get(exitCode), meaning].filter(Boolean).join('; '));
    }
    const table = /^\| exit code \|.*\n.*\n((?:\|.*\n)+)/m.exec(readme)![1]!;
    const rows = [...table.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(
      ([, exitCode, meaning]) => [Number(exitCode), meaning!.replaceAll('`', '')] as const,
    );
    expect(rows).toEqual([...said].sort(([a], [b]) => a - b));
    for (const name of formatNames) expect(readme).toContain(`\`${name}\``);
  });

  it('points at files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !existsSync(new URL(link, root)))).toEqual([]);
  });
});
