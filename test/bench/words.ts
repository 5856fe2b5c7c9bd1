import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Contestant } from './contestant.ts';
import { report } from './report.ts';

/** Word and character error of every contestant over recordings with references, scored by models/evaluate.py. */
export async function measureWords(
  contestants: readonly Contestant[],
  { name, threads, manifest }: { name: string; threads: number; manifest: string },
): Promise<void> {
  const lines = readFileSync(manifest, 'utf8').split('\n').filter(Boolean);
  const files = lines.map((line) => (JSON.parse(line) as { file: string }).file);
  const folder = mkdtempSync(join(tmpdir(), 'murmuration-bench-'));
  const rows: Record<string, string | number>[] = [];
  try {
    for (const [index, contestant] of contestants.entries()) {
      const transcripts: string[] = [];
      let engineMilliseconds = 0;
      let totalMilliseconds = 0;
      for (const file of files) {
        const lap = await contestant.transcribe(resolve(dirname(manifest), file));
        engineMilliseconds += lap.engineMilliseconds;
        totalMilliseconds += lap.totalMilliseconds;
        transcripts.push(JSON.stringify({ file, text: lap.text }));
      }
      const path = join(folder, `${index}.jsonl`);
      writeFileSync(path, `${transcripts.join('\n')}\n`);
      rows.push({
        contestant: contestant.name,
        ...score(manifest, path),
        'engine s': Math.round(engineMilliseconds / 100) / 10,
        'total s': Math.round(totalMilliseconds / 100) / 10,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  report(name, { threads, clips: files.length, rows });
}

function score(manifest: string, transcripts: string): Record<string, number> {
  const model = new URL('../../models/model.mjs', import.meta.url).pathname;
  const result = join(dirname(transcripts), 'score.json');
  execFileSync(process.execPath, [model, 'evaluate', resolve(manifest), transcripts, '--json', result], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { wordErrorPercent, characterErrorPercent, substitutions, deletions, insertions, noiseWords } =
    JSON.parse(readFileSync(result, 'utf8')) as Record<string, number>;
  return {
    'WER %': wordErrorPercent!,
    'CER %': characterErrorPercent!,
    substitutions: substitutions!,
    deletions: deletions!,
    insertions: insertions!,
    'words in noise': noiseWords!,
  };
}
