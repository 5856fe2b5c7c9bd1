import type { RunRequest, Session } from '@murmuration/whisper/graph-run';
import { loadModel, type Model } from '@murmuration/whisper/load-model';
import { openSession } from '@murmuration/whisper/session';
import { noise } from './noise.ts';
import { watchMemory } from './watch-memory.ts';

const NEVER = -1e9;
const TEN_HOURS_SECONDS = 36_000;

/** The graph alone: rows of one length, so many tokens each, none of which may be the end. */
function request(
  model: Model,
  rows: number,
  seconds: number,
  tokens: number,
  alignment: boolean,
): RunRequest {
  const { tokens: special, dimensions } = model.manifest;
  const masks = new Float32Array(dimensions.vocabulary);
  masks[special.endOfText] = NEVER;
  const each = <T>(value: T) => new Array<T>(rows).fill(value);
  return {
    pcm: noise(rows * seconds * 16_000),
    rows,
    lengths: each(seconds * 50),
    silenceStride: 0,
    audioPositions: each(seconds * 50),
    prompts: each([
      special.startOfTranscript,
      special.startOfTranscript + 1,
      special.transcribe,
      special.noTimestamps,
    ]),
    startOfTranscriptIndex: 0,
    maxNewTokens: each(tokens),
    masks: { steps: 1, data: masks },
    forced: [],
    probeTokens: [special.noSpeech],
    temperatures: each(0),
    seeds: each(0n),
    timestamps: false,
    alignment,
  };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** A run may take the audio away. */
const again = (asked: RunRequest): RunRequest => ({ ...asked, pcm: asked.pcm.slice() });

const round = (value: number) => Math.round(value * 10) / 10;

/** Throughput over batch sizes, latency of one segment, memory, warm start, and 10 hours, with the session of the engine. */
export async function measureBare(folder: string) {
  const memory = watchMemory();
  const model = await loadModel(folder);
  let session!: Session;
  const loadMilliseconds = await time(async () => {
    session = await openSession(model, { ownThread: true });
  });
  const firstRunMilliseconds = await time(() => session.run(request(model, 1, 30, 100, false)));

  async function batch(rows: number, seconds: number, tokens: number, count: number, alignment = false) {
    const asked = request(model, rows, seconds, tokens, alignment);
    const all: number[] = [];
    for (let i = 0; i <= count; i++) {
      const once = again(asked);
      all.push(await time(() => session.run(once)));
    }
    const first = all.shift()!;
    all.sort((a, b) => a - b);
    const median = all[all.length >> 1]!;
    const realTime = Math.round((rows * seconds * 1000) / median);
    const peakMebibytes = await memory.peakMebibytes();
    return {
      ...{
        rows,
        seconds,
        tokens,
        alignment,
        first: round(first),
        least: round(all[0]!),
        median: round(median),
      },
      ...{ realTime, peakMebibytes },
    };
  }

  const latency = [await batch(1, 30, 100, 25), await batch(1, 15, 25, 25)];
  const throughput = [];
  for (const rows of [8, 16, 20, 24, 32, 64, 96, 128]) throughput.push(await batch(rows, 30, 100, 5));
  const encoder = [await batch(1, 30, 1, 9), await batch(64, 30, 1, 5)];
  const aligned = [await batch(16, 30, 100, 5, true), await batch(64, 30, 100, 3, true)];
  const best = throughput.reduce((a, b) => (b.realTime > a.realTime ? b : a)).rows;
  const asked = request(model, best, 30, 100, false);
  const runs = Math.ceil(TEN_HOURS_SECONDS / 30 / best);
  const tenHoursSeconds = round(
    (await time(async () => {
      // The next run waits in the session's queue, as it does in the server
      let next = session.run(again(asked));
      for (let run = 1; run < runs; run++) {
        const one = next;
        next = session.run(again(asked));
        await one;
      }
      await next;
    })) / 1000,
  );
  await session.close();

  const two = await Promise.all([1, 2].map(() => openSession(model, { ownThread: true })));
  const sideBySide = [];
  for (const rows of [32, 64]) {
    const asked = request(model, rows, 30, 100, false);
    const all = (requests: readonly RunRequest[]) =>
      Promise.all(
        two.flatMap((one, half) => requests.filter((_, i) => i % 2 === half).map((each) => one.run(each))),
      );
    const several = (count: number) => Array.from({ length: count }, () => again(asked));
    await all(several(4));
    const prepared = several(8);
    const milliseconds = (await time(() => all(prepared))) / 8;
    const realTime = Math.round((rows * 30_000) / milliseconds);
    sideBySide.push({
      sessions: 2,
      rows,
      milliseconds: round(milliseconds),
      realTime,
      peakMebibytes: await memory.peakMebibytes(),
    });
  }
  await Promise.all(two.map((one) => one.close()));
  memory.stop();
  return {
    ...{ loadMilliseconds: round(loadMilliseconds), firstRunMilliseconds: round(firstRunMilliseconds) },
    ...{ latency, throughput, encoder, aligned, tenHoursSeconds, tenHoursRows: best, sideBySide },
  };
}
