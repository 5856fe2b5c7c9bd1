import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSpeech } from '@murmuration/media/voice/find-speech';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording } from './recordings.ts';

interface Heard {
  readonly samples: number;
  readonly windows: number;
  /** Of every `every`-th window, to 4 digits. */
  readonly probabilities: readonly number[];
  /** One list of [start, end] for each set of options. */
  readonly speech: readonly (readonly (readonly [number, number])[])[];
}

/** Written by make_voice_fixture.py. */
const fasterWhisper: {
  readonly every: number;
  readonly options: readonly Readonly<Record<string, number>>[];
  readonly recordings: Readonly<Record<string, Heard>>;
} = JSON.parse(readFileSync(new URL('../fixtures/voice/voice.json', import.meta.url), 'utf8'));

let detector: VoiceDetector;
beforeAll(async () => {
  detector = await createVoiceDetector();
});
afterAll(() => detector.close());

async function listen(pcm: Pcm, sizes: readonly number[] = [pcm.length]): Promise<number[]> {
  const stream = detector.listen();
  const probabilities: number[] = [];
  for (let at = 0, block = 0; at < pcm.length; block += 1) {
    const size = sizes[block % sizes.length]!;
    probabilities.push(...(await stream.push(pcm.subarray(at, at + size))));
    at += size;
  }
  return [...probabilities, ...(await stream.end())];
}

describe.each(Object.entries(fasterWhisper.recordings))('in %s', (name, heard) => {
  it('hears a voice where faster-whisper does', async () => {
    const pcm = await recording(name);
    expect(pcm.length).toBe(heard.samples);
    const probabilities = await listen(pcm);
    expect(probabilities.length).toBe(heard.windows);
    for (const [index, expected] of heard.probabilities.entries()) {
      const window = index * fasterWhisper.every;
      expect(Math.abs(probabilities[window]! - expected), `window ${window}`).toBeLessThan(1e-3);
    }
    const speech = fasterWhisper.options.map((options) =>
      findSpeech(probabilities, pcm.length, {
        threshold: options['threshold'],
        endThreshold: options['neg_threshold'],
        minSpeechMilliseconds: options['min_speech_duration_ms'],
        maxSpeechSeconds: options['max_speech_duration_s'],
        minSilenceMilliseconds: options['min_silence_duration_ms'],
        paddingMilliseconds: options['speech_pad_ms'],
      }).map(({ startSample, endSample }) => [startSample, endSample]),
    );
    expect(speech).toEqual(heard.speech);
  });
});

describe('a voice detector', () => {
  it('hears the same in blocks of any size', async () => {
    const pcm = (await recording('jfk.flac')).subarray(16_000, 16_000 + 80_123);
    const whole = await listen(pcm);
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 6 }),
      async (sizes) => {
        expect(await listen(pcm, sizes)).toEqual(whole);
      },
    );
    await fc.assert(property, { numRuns: 10 });
  });

  it('keeps recordings apart that it hears at the same time', async () => {
    const [speech, noise] = [await recording('jfk.flac'), await recording('noise.wav')];
    const apart = [await listen(speech), await listen(noise)];
    expect(await Promise.all([listen(speech, [999]), listen(noise, [1_000])])).toEqual(apart);
  });

  it('hears no voice in noise or in silence', async () => {
    expect(findSpeech(await listen(await recording('noise.wav')), 1e9)).toEqual([]);
    expect(findSpeech(await listen(new Float32Array(160_000)), 160_000)).toEqual([]);
  });

  it('says one probability for nothing at all', async () => {
    expect(await listen(new Float32Array(0))).toHaveLength(1);
  });

  it('calls samples that are not numbers a voice, and hears well after them', async () => {
    const pcm = await recording('jfk.flac');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e38]) {
      const broken = new Float32Array(2.2 * 16_000 + pcm.length);
      broken[5_000] = value;
      broken.set(pcm, 2.2 * 16_000);
      const probabilities = await listen(broken);
      expect(probabilities.every((probability) => probability >= 0 && probability <= 1)).toBe(true);
      const after = findSpeech(probabilities.slice(70), broken.length - 70 * 512);
      expect(after.reduce((sum, span) => sum + span.endSample - span.startSample, 0)).toBeGreaterThan(
        9 * 16_000,
      );
    }
  });

  it('says which file it lacks', async () => {
    await expect(createVoiceDetector({ modelPath: '/no/such.onnx' })).rejects.toMatchObject({
      code: 'model-not-found',
      message: expect.stringContaining('/no/such.onnx'),
    });
  });

  it('says which file it cannot load', async () => {
    const modelPath = join(tmpdir(), `murmuration-voice-${process.pid}.onnx`);
    writeFileSync(modelPath, 'not a graph');
    await expect(createVoiceDetector({ modelPath })).rejects.toMatchObject({ code: 'model-corrupt' });
  });
});
