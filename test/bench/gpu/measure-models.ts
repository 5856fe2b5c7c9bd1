import { loadModel } from '@murmuration/whisper/load-model';
import { measureRows } from './graph-run.ts';
import { openAsServed } from './open-as-served.ts';
import { watchMemory } from './watch-memory.ts';
import { workload } from './workload.ts';

/** Models beside each other, twice over, so that a machine that gets slower does not decide: latency, throughput, word times. */
export async function measureModels(folders: Readonly<Record<string, string>>) {
  const { tokens, shortTokens, latencyRuns, throughputRuns, wideRows } = workload;
  const memory = watchMemory();
  const results: Record<string, unknown>[] = [];
  for (const round of [1, 2]) {
    for (const [name, folder] of Object.entries(folders)) {
      const model = await loadModel(folder);
      const session = await openAsServed(model);
      const measure = (rows: number, seconds: number, count: number, alignment = false) =>
        measureRows(
          session,
          model,
          memory,
          { rows, seconds, tokens: seconds === 30 ? tokens : shortTokens, alignment },
          count,
        );
      results.push({ name, round, ...(await measure(1, 30, latencyRuns)) });
      results.push({ name, round, ...(await measure(1, 15, latencyRuns)) });
      for (const rows of wideRows)
        results.push({ name, round, ...(await measure(rows, 30, throughputRuns)) });
      results.push({ name, round, ...(await measure(wideRows.at(-1)!, 30, throughputRuns, true)) });
      await session.close();
    }
  }
  memory.stop();
  return results;
}
