import type { Session } from '@murmuration/whisper/graph-run';
import { loadModel } from '@murmuration/whisper/load-model';
import { again, graphRequest, measureRows, milliseconds, round } from './graph-run.ts';
import { openAsServed } from './open-as-served.ts';
import { watchMemory } from './watch-memory.ts';
import { workload } from './workload.ts';

/** Throughput over batch sizes, latency of one segment, memory, warm start, and 10 hours, with the session of the server. */
export async function measureBare(folder: string) {
  const { tokens, shortTokens, latencyRuns, throughputRuns, throughputRows, encoderRows, wideRows } =
    workload;
  const memory = watchMemory();
  const model = await loadModel(folder);
  let session!: Session;
  const loadMilliseconds = await milliseconds(async () => {
    session = await openAsServed(model);
  });
  const one = graphRequest(model, { rows: 1, seconds: 30, tokens });
  const firstRunMilliseconds = await milliseconds(() => session.run(one));
  const measure = (rows: number, seconds: number, tokens: number, count: number, alignment = false) =>
    measureRows(session, model, memory, { rows, seconds, tokens, alignment }, count);

  const latency = [await measure(1, 30, tokens, latencyRuns), await measure(1, 15, shortTokens, latencyRuns)];
  const throughput = [];
  for (const rows of throughputRows) throughput.push(await measure(rows, 30, tokens, throughputRuns));
  const encoder = [];
  for (const rows of encoderRows) encoder.push(await measure(rows, 30, 1, throughputRuns));
  const aligned = [];
  for (const rows of [1, ...wideRows]) aligned.push(await measure(rows, 30, tokens, throughputRuns, true));
  const best = throughput.reduce((a, b) => (b.realTime > a.realTime ? b : a)).rows;
  const asked = graphRequest(model, { rows: best, seconds: 30, tokens });
  const runs = Math.ceil(workload.tenHoursSeconds / 30 / best);
  const tenHours = await milliseconds(async () => {
    // The next run waits in the session's queue, as it does in the server
    let next = session.run(again(asked));
    for (let run = 1; run < runs; run++) {
      const one = next;
      next = session.run(again(asked));
      await one;
    }
    await next;
  });
  await session.close();
  memory.stop();
  return {
    ...{ loadMilliseconds: round(loadMilliseconds), firstRunMilliseconds: round(firstRunMilliseconds) },
    ...{ latency, throughput, encoder, aligned, tenHoursSeconds: round(tenHours / 1000), tenHoursRows: best },
  };
}
