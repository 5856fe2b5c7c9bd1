import { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import type { Engine } from '@murmuration/pipeline/ports';
import { createEngine } from '@murmuration/whisper/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainWords, recording, reference, tinyModel } from './recordings.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ modelFolder: tinyModel });
});
afterAll(() => engine.close());

async function hear(name: string, options = {}): Promise<SegmentTranscript> {
  const [segment] = await engine.transcribe([await recording(name)], options);
  return segment!;
}

describe('the embedded model hears', () => {
  it('Kennedy, at the first attempt, in either context', async () => {
    const short = await hear('jfk.flac');
    expect(SegmentTranscript.parse(short)).toEqual(short);
    expect(short).toMatchObject({ context: 'short', temperature: 0, fallbacks: [], endSeconds: 11 });
    const full = await hear('jfk.flac', { shortContext: false });
    expect(full).toMatchObject({ context: 'full', temperature: 0, fallbacks: [] });
    for (const { text } of [short, full]) expect(plainWords(text)).toEqual(plainWords(reference('jfk.flac')));
  });

  it.each(['whats-the-weather-like.mp3', 'whats-the-weather-like-mulaw.wav', 'brooklyn-bridge.flac'])(
    'every word of %s',
    async (name) => {
      expect(plainWords((await hear(name)).text)).toEqual(plainWords(reference(name)));
    },
  );

  it.each(['whats-the-weather-like.amr', 'whats-the-weather-like-wideband.amr'])(
    'every word of %s, as mobile phones record',
    async (name) => {
      expect(plainWords((await hear(name)).text)).toEqual(
        plainWords(reference('whats-the-weather-like.mp3')),
      );
    },
  );

  it('nothing in noise, and keeps what it made up apart', async () => {
    const segment = await hear('noise.wav', { words: true });
    expect(segment).toMatchObject({ text: '', tokens: [], words: [], dropped: { reason: 'no-speech' } });
    expect(segment.noSpeechProbability).toBeGreaterThan(0.6);
  });

  it('nothing in silence, or in hardly anything', async () => {
    const faint = Float32Array.from({ length: 16_000 }, (_, i) => ((i * 7919) % 13) * 1e-6);
    const segments = await engine.transcribe([new Float32Array(80_000), faint, faint.subarray(0, 1_000)]);
    expect(segments.map((segment) => segment.text)).toEqual(['', '', '']);
  });
});

describe('hotwords and prompt', () => {
  it('change the spelling', async () => {
    expect((await hear('hotwords.mp3')).text).not.toContain('ComfyUI');
    expect((await hear('hotwords.mp3', { prompt: 'We use ComfyUI a lot.' })).text).toContain('ComfyUI');
    expect((await hear('hotwords.mp3', { hotwords: ['ComfyUI'] })).text).toMatch(/comfy ?ui/i);
  });

  it('may be far longer than what the decoder takes', async () => {
    const { text } = await hear('jfk.flac', {
      prompt: 'We speak of America. '.repeat(100),
      hotwords: ['Kennedy'],
    });
    expect(plainWords(text)).toContain('americans');
  });
});

describe('word times', () => {
  // faster-whisper 1.2.1, fp32, the same weights
  const starts = { Americans: 1.76, country: 6.02, ask: 8.06, 'country.': 10.22 };

  it.each([true, false])('agree with faster-whisper, short context %s', async (shortContext) => {
    const { words, text } = await hear('jfk.flac', { words: true, shortContext });
    expect(
      words!
        .map((word) => word.text)
        .join('')
        .trim(),
    ).toBe(text);
    for (const [wanted, seconds] of Object.entries(starts)) {
      const word = words!.findLast((candidate) => candidate.text.trim() === wanted);
      expect(Math.abs(word!.startSeconds - seconds), wanted).toBeLessThan(0.3);
    }
  });

  it('never go back or leave the segment', async () => {
    for (const name of [
      'librispeech-1995-1837-0001.wav',
      'librispeech-1272-141231-0002.mp3',
      'hotwords.mp3',
    ]) {
      const { words, endSeconds } = await hear(name, { words: true });
      const times = words!.flatMap((word) => [word.startSeconds, word.endSeconds]);
      expect(times.length).toBeGreaterThan(20);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.at(-1)).toBeLessThanOrEqual(endSeconds);
    }
  });
});
