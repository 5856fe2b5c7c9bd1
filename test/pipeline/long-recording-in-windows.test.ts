import { createHash } from 'node:crypto';
import { cut } from '@murmuration/media/cut';
import type { Batch, Segment } from '@murmuration/pipeline/contract/plan';
import { runStep } from '@murmuration/pipeline/pipeline';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberDecoder, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
const said = `${numbers.map((n) => `${n}.`).join(' ')}\n`;

it('cuts the rest of a long recording in windows, to the same plan and transcript as in one go', async () => {
  const plans = [];
  for (const inlineSeconds of [1000, 0, 7]) {
    const limits = { inlineSeconds, windowSeconds: 5 };
    const { ports, store, upload, text, json } = portsInMemory({ limits });
    const end = await runJob(await upload('uploads/a.wav', numbers.join(' ')), { ports });
    expect(end).toMatchObject({ state: 'done', durationSeconds: 40 });
    expect(await text('transcripts/uploads/a.wav.txt')).toBe(said);
    const parts = store.keys().filter((key) => key.includes('/parts/'));
    // The first pause after 5 s is at 6 s: of the 33 s that are left, five windows of 6 s and one of 3 s
    expect(parts.length > 0 ? parts.length - 1 : 0).toBe({ 1000: 0, 0: 7, 7: 6 }[inlineSeconds]);
    plans.push(await json(`jobs/${end.jobId}/plan.json`));
  }
  expect(plans[1]).toEqual(plans[0]);
  expect(plans[2]).toEqual(plans[0]);
});

it('cuts each channel in windows of its own', async () => {
  // One second of each channel
  const limits = { inlineSeconds: 2, windowSeconds: 3 };
  const { ports, store, upload, json } = portsInMemory({ limits });
  await store.write('uploads/call.wav.options.json', JSON.stringify({ channels: 'separate' }));
  const call = `${numbers.join(' ')}\n${numbers.map((n) => n + 100).join(' ')}`;
  const end = await runJob(await upload('uploads/call.wav', call), { ports });
  expect((await json(`jobs/${end.jobId}/parts/0.json`)).segments).toHaveLength(2);
  expect(end).toMatchObject({ state: 'done', durationSeconds: 40 });
  const { segments } = await json('transcripts/uploads/call.wav.json');
  const heard = segments.map(({ text, channel }: { text: string; channel: number }) => [
    channel,
    text.trim(),
  ]);
  expect(heard).toEqual(
    numbers.flatMap((n) => [
      [0, `${n}.`],
      [1, `${n + 100}.`],
    ]),
  );
});

it('fails with the reason where a window is missing', async () => {
  const limits = { inlineSeconds: 0, windowSeconds: 5 };
  const { ports, store, upload } = portsInMemory({ limits });
  const split = await runStep(['media-uploaded'], await upload('uploads/a.wav', numbers.join(' ')), ports);
  if (split.kind !== 'windows-ready') throw new Error(split.kind);
  for (const window of split.windows) await runStep(['window'], window, ports);
  store.delete(`jobs/${split.jobId}/parts/2.json`);
  const joined = await runStep(['windows-cut'], { kind: 'windows-cut', jobId: split.jobId }, ports);
  expect(joined).toMatchObject({ kind: 'job-failed', reason: expect.stringContaining('parts/2.json') });
});

/** Speech and pauses of any length, as the real cutter takes them. */
const recordings = fc.array(
  fc.record({ seconds: fc.integer({ min: 1, max: 30 }), level: fc.constantFrom(0, 0.01, 0.3) }),
  { minLength: 1, maxLength: 10 },
);

it('cuts all bytes exactly, none left out, whatever is said and wherever windows begin', async () => {
  await fc.assert(
    fc.asyncProperty(recordings, fc.integer({ min: 0, max: 120 }), async (stretches, inlineSeconds) => {
      const pcm = sounding(stretches);
      const { ports, upload } = portsInMemory({
        cut,
        decoder: { ...numberDecoder(), decode: async () => ({ ...media, blocks: blocksOf(pcm) }) },
        limits: { inlineSeconds, windowSeconds: 40 },
      });
      const end = await runJob(await upload('uploads/a.wav', '1'), { ports });
      const bytes = (await ports.store.read(`jobs/${end.jobId}/audio.mix.s16le`))!;
      expect(bytes.length).toBe(2 * pcm.length);
      const text = new TextDecoder().decode(await ports.store.read(`jobs/${end.jobId}/plan.json`));
      const segments = (JSON.parse(text) as Batch[]).flatMap((batch): Segment[] => batch.segments);
      expect(segments.map(({ index }) => index)).toEqual(segments.map((_, index) => index));
      let doneBytes = 0;
      for (const { byteStart, byteEnd, overlapSeconds, sha256 } of segments) {
        expect(byteStart + overlapSeconds * 32_000).toBe(doneBytes);
        expect(byteEnd - byteStart).toBeLessThanOrEqual(30 * 32_000);
        const sound = bytes.subarray(byteStart, byteEnd);
        expect(createHash('sha256').update(sound).digest('hex')).toBe(sha256);
        doneBytes = byteEnd;
      }
      expect(doneBytes).toBe(bytes.length);
    }),
    { numRuns: 25 },
  );
});

const media = {
  info: {
    container: 'wav',
    codec: 'pcm_s16le',
    sampleRateHertz: 16_000,
    narrowBand: false,
    channels: 1,
    durationSeconds: undefined,
  },
  warnings: [],
};

/** Tones of these levels; the length is no whole number of seconds. */
function sounding(stretches: readonly { seconds: number; level: number }[]): Pcm {
  const seconds = stretches.reduce((sum, stretch) => sum + stretch.seconds, 0);
  const pcm = new Float32Array(seconds * 16_000 - 77);
  let start = 0;
  for (const stretch of stretches) {
    const end = start + stretch.seconds * 16_000;
    for (let sample = start; sample < Math.min(end, pcm.length); sample += 1) {
      pcm[sample] = stretch.level * Math.sin(sample / 9);
    }
    start = end;
  }
  return pcm;
}

async function* blocksOf(pcm: Pcm) {
  for (let start = 0; start < pcm.length; start += 10_007) yield pcm.slice(start, start + 10_007);
}
