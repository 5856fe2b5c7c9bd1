import { loadModel } from '@murmuration/whisper/load-model';
import { again, graphRequest, milliseconds, round } from './graph-run.ts';
import { openAsServed } from './open-as-served.ts';
import { watchMemory } from './watch-memory.ts';
import { workload } from './workload.ts';

const MOST_SESSIONS = 3;

/** The same GPU with one to three sessions, each of which has its next run waiting. */
export async function measureSessions(folder: string) {
  const memory = watchMemory();
  const model = await loadModel(folder);
  const results = [];
  for (let sessions = 1; sessions <= MOST_SESSIONS; sessions++) {
    const open = await Promise.all(Array.from({ length: sessions }, () => openAsServed(model)));
    for (const rows of workload.sessionRows) {
      const asked = graphRequest(model, { rows, seconds: 30, tokens: workload.tokens });
      const runs = (count: number) => {
        const requests = Array.from({ length: count }, () => again(asked));
        return Promise.all(requests.map((request, index) => open[index % sessions]!.run(request)));
      };
      await runs(sessions);
      // As many for each
      const count = Math.ceil(workload.sessionRuns / sessions) * sessions;
      const each = (await milliseconds(() => runs(count))) / count;
      results.push({
        ...{ sessions, rows, milliseconds: round(each), realTime: Math.round((rows * 30_000) / each) },
        peakMebibytes: await memory.peakMebibytes(),
      });
    }
    await Promise.all(open.map((one) => one.close()));
  }
  memory.stop();
  return results;
}
