import { setTimeout } from 'node:timers/promises';
import { createEngine } from '@murmuration/whisper/engine';
import type { RunRequest } from '@murmuration/whisper/graph-run';
import { loadModel } from '@murmuration/whisper/load-model';
import { createMasks } from '@murmuration/whisper/masks';
import { openSession } from '@murmuration/whisper/session';
import { describe, expect, it } from 'vitest';
import { recording, tinyModel } from './recordings.ts';

const model = await loadModel(tinyModel);
const masks = createMasks(model.manifest);
const { tokens } = model.manifest;
const jfk = await recording('jfk.flac');

function requestOf(fields: Partial<RunRequest> = {}): RunRequest {
  const pcm = new Float32Array(480_000);
  pcm.set(jfk);
  return {
    pcm,
    rows: 1,
    lengths: [1500],
    silenceStride: 0,
    audioPositions: [1500],
    prompts: [[tokens.startOfTranscript, tokens.noTimestamps]],
    startOfTranscriptIndex: 0,
    maxNewTokens: [100],
    masks: masks({ detectLanguage: false, timestamps: false }),
    forced: [],
    probeTokens: [tokens.noSpeech],
    temperatures: [0],
    seeds: [0n],
    timestamps: false,
    alignment: false,
    ...fields,
  };
}

describe('the session', () => {
  it('gives arrays of the shapes it states', async () => {
    const session = await openSession(model);
    const { steps, ...result } = await session.run(requestOf({ alignment: true }));
    expect(result.tokens).toHaveLength(steps);
    expect(result.tokens.at(-1)).toBe(BigInt(tokens.endOfText));
    expect(result.logprobs).toHaveLength(steps);
    expect(result.probes).toHaveLength(1);
    expect(result.alignment).toMatchObject({ heads: 8, positions: 1500 });
    expect(result.alignment.data).toHaveLength(steps * 8 * 1500);
    expect((await session.run(requestOf())).alignment.positions).toBe(0);
    await session.close();
  });

  it('writes timestamps where they are wanted', async () => {
    const session = await openSession(model);
    const { tokens: written } = await session.run(
      requestOf({
        prompts: [[tokens.startOfTranscript]],
        masks: masks({ detectLanguage: false, timestamps: true }),
        timestamps: true,
      }),
    );
    const times = Array.from(written, Number)
      .filter((token) => token >= tokens.timestampBegin)
      .map((token) => (token - tokens.timestampBegin) / 50);
    expect(times[0]).toBe(0);
    expect(times.length % 2).toBe(0);
    expect(times.at(-1)).toBeGreaterThan(9);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    await session.close();
  });

  it('does runs one after another and closes after the last of them', async () => {
    const session = await openSession(model, { threads: 1, memoryArena: false });
    const runs = [3, 5, 7].map((limit) => session.run(requestOf({ maxNewTokens: [limit] })));
    await Promise.all([session.close(), session.close()]);
    expect((await Promise.all(runs)).map((result) => result.steps)).toEqual([3, 5, 7]);
  });

  it('passes onnxruntime’s words on, and works on', async () => {
    const session = await openSession(model);
    await expect(session.run(requestOf({ prompts: [[99_999]] }))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^onnxruntime failed while transcribing 1 segments: ./),
    });
    expect((await session.run(requestOf())).steps).toBeGreaterThan(20);
    await session.close();
  });

  it('says the same where many runs go on side by side, each in a thread of its own', async () => {
    const session = await openSession(model, { threads: 2, sessions: 2 });
    const alone = await session.run(requestOf({ alignment: true }));
    const all = await Promise.all(
      Array.from({ length: 6 }, () => session.run(requestOf({ alignment: true }))),
    );
    for (const { tokens: heard, alignment } of all) {
      expect(heard).toEqual(alone.tokens);
      expect(alignment.positions).toBe(1500);
      expect(Array.from(alignment.data).every(Number.isFinite)).toBe(true);
    }
    const wrong = Promise.allSettled(
      [99_999, 99_999, 99_999].map((token) => session.run(requestOf({ prompts: [[token]] }))),
    );
    for (const result of await wrong) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'internal' } });
    }
    const last = session.run(requestOf({ maxNewTokens: [3] }));
    await session.close();
    expect((await last).steps).toBe(3);
  });

  it('leaves its caller’s thread free where it has one of its own', async () => {
    const session = await openSession(model, { threads: 2, sessions: 2, ownThread: true });
    try {
      let turns = 0;
      const turning = setInterval(() => turns++, 1);
      await session.run(requestOf({ maxNewTokens: [40] }));
      clearInterval(turning);
      // None, where onnxruntime computes on the thread that calls it
      expect(turns).toBeGreaterThan(5);
    } finally {
      await session.close();
    }
  });

  it('refuses a run of a thread that has ended', async () => {
    const session = await openSession(model, { threads: 1, ownThread: true });
    await session.close();
    await expect(session.run(requestOf())).rejects.toMatchObject({ code: 'internal' });
  });

  it('refuses what it cannot be', async () => {
    await expect(openSession(model, { threads: 2, sessions: 3 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'sessions is 3: give a whole number from 1 to the 2 threads',
    });
    await expect(openSession(model, { threads: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(openSession(model, { providers: ['cuda'] })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('built for cpu'),
    });
  });
});

describe('the engine on it', () => {
  it('stops soon after it was told to', async () => {
    const engine = await createEngine({ modelFolder: tinyModel, batchSize: 1 });
    const controller = new AbortController();
    const work = engine.transcribe(Array(50).fill(jfk), {}, controller.signal);
    void setTimeout(1).then(() => controller.abort());
    await expect(work).rejects.toMatchObject({ code: 'aborted' });
    await engine.close();
  });

  it('does not grow over 1,000 runs', async () => {
    const engine = await createEngine({ modelFolder: tinyModel });
    const clip = jfk.subarray(0, 4_800);
    const measure = async (runs: number) => {
      for (let i = 0; i < runs; i++)
        await engine.transcribe([clip], { words: i % 8 === 0, temperatures: [0] });
      return process.memoryUsage.rss();
    };
    const before = await measure(200);
    const after = await measure(1_000);
    // A leaked 0.1 MB a run would be 100 MB; what the collector has not fetched yet is a few
    expect((after - before) / 1e6).toBeLessThan(50);
    await engine.close();
  });
});
