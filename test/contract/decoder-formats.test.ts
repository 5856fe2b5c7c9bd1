import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pcm } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';
import {
  adapters,
  amplitudeAt,
  audio,
  correlation,
  decodeAll,
  decodeAllChannels,
  hasFfmpeg,
  level,
  mediaFolder,
} from './decoders.ts';

const media = mediaFolder();

/** 2 s of a sine at half of full scale. */
const sine = (hertz = 440, seconds = 2) => [
  '-f', 'lavfi', '-i', `sine=frequency=${hertz}:duration=${seconds}:sample_rate=44100,volume=4`,
]; // biome-ignore format: ffmpeg reads pairs
const picture = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=10:duration=2', '-shortest'];

/** A sine of another pitch on each channel: 300, 400, 500 Hz and so on. */
function differentChannels(count: number): string[] {
  const inputs = Array.from({ length: count }, (_, index) => sine(300 + 100 * index)).flat();
  return count === 1 ? inputs : [...inputs, '-filter_complex', `amerge=inputs=${count}`];
}

describe.each(adapters)('$name', ({ decoder, missing }) => {
  describe.skipIf(missing || !hasFfmpeg)('hears the right tone at the right level for 2 s in', () => {
    it.each([
      ['8-bit.wav', ['-c:a', 'pcm_u8']],
      ['16-bit.wav', ['-c:a', 'pcm_s16le']],
      ['24-bit.wav', ['-c:a', 'pcm_s24le']],
      ['32-bit.wav', ['-c:a', 'pcm_s32le']],
      ['float.wav', ['-c:a', 'pcm_f32le']],
      ['double.wav', ['-c:a', 'pcm_f64le']],
      ['mu-law.wav', ['-c:a', 'pcm_mulaw', '-ar', '8000']],
      ['a-law.wav', ['-c:a', 'pcm_alaw', '-ar', '8000']],
      ['adpcm.wav', ['-c:a', 'adpcm_ima_wav']],
      ['gsm.wav', ['-c:a', 'libgsm_ms', '-ar', '8000']],
      ['rf64.wav', ['-rf64', 'always']],
      ['wave64.w64', []],
      ['sun.au', []],
      ['apple.caf', []],
      ['plain.aiff', []],
      ['little-endian.aifc', ['-f', 'aiff', '-c:a', 'pcm_s16le']],
      ['plain.flac', []],
      ['24-bit.flac', ['-sample_fmt', 's32']],
      ['alac.m4a', ['-c:a', 'alac']],
      ['plain.mp3', []],
      ['16-khz.mp3', ['-ar', '16000', '-b:a', '32k']],
      ['plain.mp2', []],
      ['aac.m4a', ['-c:a', 'aac']],
      ['index-in-front.m4a', ['-c:a', 'aac', '-movflags', '+faststart']],
      ['fragmented.mp4', ['-c:a', 'aac', '-movflags', '+frag_keyframe+empty_moov']],
      ['aac.aac', ['-c:a', 'aac']],
      ['aac.3gp', ['-c:a', 'aac']],
      ['vorbis.ogg', ['-c:a', 'libvorbis']],
      ['flac.oga', ['-c:a', 'flac']],
      ['opus.ogg', ['-c:a', 'libopus']],
      ['opus.opus', ['-c:a', 'libopus', '-b:a', '24k']],
      ['opus.webm', ['-c:a', 'libopus']],
      ['wma.wma', ['-c:a', 'wmav2']],
      ['dolby.ac3', []],
      ['film.mp4', [...picture, '-c:v', 'mpeg4', '-c:a', 'aac']],
      ['film.mov', [...picture, '-c:v', 'mpeg4', '-c:a', 'pcm_s16le']],
      ['film.mkv', [...picture, '-c:v', 'mpeg4', '-c:a', 'libmp3lame']],
      ['film.webm', [...picture, '-c:v', 'libvpx', '-c:a', 'libvorbis']],
      ['film.avi', [...picture, '-c:v', 'mpeg4', '-c:a', 'libmp3lame']],
      ['film.flv', [...picture, '-c:v', 'flv', '-c:a', 'libmp3lame']],
      ['film.ts', [...picture, '-c:v', 'mpeg2video', '-c:a', 'aac']],
    ])('%s', async (name, args) => {
      const { pcm, warnings } = await decodeAll(decoder, media.make(name, args, sine()));
      expect(warnings).toEqual([]);
      // Codecs without a length of their own round up to whole packets
      expect(Math.abs(pcm.length - 32_000)).toBeLessThan(16_000 * 0.1);
      expect(amplitudeAt(pcm, 440)).toBeGreaterThan(0.4);
      expect(amplitudeAt(pcm, 440)).toBeLessThan(0.6);
      expect(amplitudeAt(pcm, 880)).toBeLessThan(0.05);
    });
  });

  describe.skipIf(missing)('hears the speech of', () => {
    it.each([
      ['whats-the-weather-like.amr', { codec: 'amr_nb', sampleRateHertz: 8_000, narrowBand: true }],
      [
        'whats-the-weather-like-wideband.amr',
        { codec: 'amr_wb', sampleRateHertz: 16_000, narrowBand: false },
      ],
    ])('%s', async (name, expected) => {
      const { pcm, info, warnings } = await decodeAll(decoder, join(audio, name));
      const original = await decodeAll(decoder, join(audio, 'whats-the-weather-like.mp3'));
      expect(info).toMatchObject(expected);
      expect(warnings).toEqual([]);
      // Frames of 20 ms, the last one left out
      expect(Math.abs(pcm.length - original.pcm.length)).toBeLessThan(800);
      const loudness = (of: Pcm) => Array.from({ length: 19 }, (_, i) => level(of, i / 10, (i + 1) / 10));
      expect(
        correlation(Float32Array.from(loudness(pcm)), Float32Array.from(loudness(original.pcm))),
      ).toBeGreaterThan(0.98);
    });

    it('an amr that ends within a frame, and warns', async () => {
      const cut = readFileSync(join(audio, 'whats-the-weather-like.amr')).subarray(0, 1_500);
      const { pcm, warnings } = await decodeAll(decoder, media.write('cut.amr', cut));
      expect(Math.abs(pcm.length - 46 * 320)).toBeLessThan(400);
      expect(warnings.join()).toMatch(/damaged/);
    });
  });

  describe.skipIf(missing || !hasFfmpeg)('says of a recording', () => {
    it.each([
      [8_000, true],
      [11_025, false],
      [16_000, false],
    ])('at %d Hz whether it is narrow-band', async (hertz, narrowBand) => {
      const { info } = await decodeAll(decoder, media.make(`${hertz}.wav`, ['-ar', `${hertz}`], sine()));
      expect(info).toMatchObject({ sampleRateHertz: hertz, narrowBand });
    });
  });

  describe.skipIf(missing || !hasFfmpeg)('keeps apart', () => {
    it.each([
      ['one.wav', 1, []],
      ['two.wav', 2, []],
      ['two.mp3', 2, []],
      ['two-opus.ogg', 2, ['-c:a', 'libopus']],
      ['three.wav', 3, []],
      ['six.wav', 6, []],
      ['six.flac', 6, []],
      ['eight.wav', 8, []],
      ['six-opus.ogg', 6, ['-c:a', 'libopus', '-b:a', '512k']],
      ['twelve.wav', 12, []],
    ])('the channels of %s (%d)', async (name, count, args) => {
      const path = media.make(name, args, differentChannels(count));
      const { channels, blocks, info, warnings } = await decodeAllChannels(decoder, path);
      expect(warnings).toEqual([]);
      expect(info.channels).toBe(count);
      expect(channels).toHaveLength(count);
      for (const block of blocks) expect(new Set(block.map((pcm) => pcm.length)).size).toBe(1);
      expect(blocks[0]?.[0]).toHaveLength(16_000);
      expect(Math.abs(channels[0]!.length - 32_000)).toBeLessThan(1_600);
      // Codecs may put surround channels into another order, never two into one
      const heard = channels.map((pcm) => {
        const pitches = channels.map((_, index) => 300 + 100 * index);
        return pitches.filter((hertz) => amplitudeAt(pcm, hertz) > 0.25);
      });
      expect(heard.flat().sort((one, other) => one - other)).toEqual(
        channels.map((_, index) => 300 + 100 * index),
      );
      if (name.endsWith('.wav')) expect(heard).toEqual(channels.map((_, index) => [300 + 100 * index]));
      expect(heard.every((pitches) => pitches.length === 1)).toBe(true);
    });

    it.each([
      ['mono to stereo', 1],
      ['stereo to mono', 2],
    ])('as many as it began with, where a recording goes from %s', async (name, count) => {
      const part = (channels: number) =>
        readFileSync(
          media.make(
            `${channels}-part.mp3`,
            ['-ac', `${channels}`, '-write_xing', '0', '-id3v2_version', '0'],
            sine(),
          ),
        );
      const path = media.write(`${name}.mp3`, Buffer.concat([part(count), part(3 - count)]));
      const { channels } = await decodeAllChannels(decoder, path);
      expect(channels).toHaveLength(count);
      for (const pcm of channels) expect(Math.abs(pcm.length - 64_000)).toBeLessThan(3_200);
      const mixed = await decodeAll(decoder, path);
      expect(Math.abs(mixed.pcm.length - 64_000)).toBeLessThan(3_200);
      expect(level(mixed.pcm, 0.2, 1.8)).toBeGreaterThan(0.2);
      expect(level(mixed.pcm, 2.3, 3.9)).toBeGreaterThan(0.2);
    });

    it('and in step: a hole is silent on every channel', async () => {
      const path = media.make('hole.mkv', ['-c:a', 'pcm_s16le', '-map', '[out]'], [
        ...sine(300, 6), ...sine(400, 6),
        '-filter_complex', "amerge=inputs=2,aselect='lt(t,2)+gte(t,4)'[out]",
      ]); // biome-ignore format: ffmpeg reads pairs
      const { channels } = await decodeAllChannels(decoder, path);
      for (const pcm of channels) {
        expect(Math.abs(pcm.length - 96_000)).toBeLessThan(3_200);
        expect(level(pcm, 2.2, 3.8)).toBeLessThan(1e-4);
        expect(level(pcm, 4.2, 5.8)).toBeGreaterThan(0.3);
      }
    });
  });

  describe.skipIf(missing || !hasFfmpeg)('with drc', () => {
    /** 4 s at -40 dB, 4 s at -6 dB. */
    const uneven = (name: string, args: string[] = []) =>
      media.make(name, ['-af', "volume='if(lt(t,4),0.02,1)':eval=frame", ...args], sine(440, 8));

    it.each(['uneven.wav', 'uneven.mp3'])(
      'lifts what is quiet, and keeps the length exactly: %s',
      async (name) => {
        const plain = await decodeAll(decoder, uneven(name));
        const even = await decodeAll(decoder, uneven(name), { preprocess: 'drc' });
        expect(even.pcm.length).toBe(plain.pcm.length);
        expect(even.warnings).toEqual([]);
        expect(level(plain.pcm, 0.2, 1)).toBeLessThan(0.02);
        expect(level(even.pcm, 0.2, 1)).toBeGreaterThan(0.08);
        expect(even.pcm.every((sample) => Math.abs(sample) < 1)).toBe(true);
      },
    );

    it('lifts each channel for itself', async () => {
      const path = media.make('quiet-left.wav', [], [
        ...sine(300, 8), ...sine(400, 8), '-filter_complex', '[0]volume=0.02[quiet];[quiet][1]amerge=inputs=2',
      ]); // biome-ignore format: ffmpeg reads pairs
      const { channels } = await decodeAllChannels(decoder, path, { preprocess: 'drc' });
      expect(channels.map((pcm) => pcm.length)).toEqual([128_000, 128_000]);
      expect(amplitudeAt(channels[0]!, 300)).toBeGreaterThan(0.15);
      expect(amplitudeAt(channels[0]!, 400)).toBeLessThan(0.01);
      expect(amplitudeAt(channels[1]!, 400)).toBeGreaterThan(0.4);
    });

    it.each([1, 160, 3_999, 4_001])('gives %d samples for as many', async (samples) => {
      const { pcm } = await decodeAll(decoder, wavOf(samples), { preprocess: 'drc' });
      expect(pcm).toHaveLength(samples);
    });
  });

  describe.skipIf(missing)('of a strange wav', () => {
    it('of one sample gives one', async () => {
      const { pcm, warnings } = await decodeAll(decoder, wavOf(1));
      expect(pcm).toHaveLength(1);
      expect(pcm[0]).toBeCloseTo(0.5, 3);
      expect(warnings).toEqual([]);
    });

    it('that promises more than it holds gives that, and a warning', async () => {
      const { pcm, warnings } = await decodeAll(decoder, wavOf(32_000, { promised: 160_000 }));
      expect(pcm).toHaveLength(32_000);
      expect(warnings.join()).toMatch(/^ended early: 2\.0 s of 10\.0 s decoded/);
    });
  });

  describe.skipIf(missing)('of a wav that promises less than it holds', () => {
    it('gives what was promised, and a warning', async () => {
      const { pcm, warnings } = await decodeAll(decoder, wavOf(160_000, { promised: 32_000 }));
      expect(pcm).toHaveLength(32_000);
      expect(warnings.join()).toMatch(/^ended early: 2\.0 s of 10\.0 s decoded/);
    });
  });

  describe.skipIf(missing)('refuses a wav', () => {
    it.each([
      ['one channel', 1],
      ['two channels', 2],
    ])('that holds no number, and says when: %s', async (_, channels) => {
      const header = readFileSync(wavOf(0)).subarray(0, 44);
      const samples = new Float32Array(40_000 * channels);
      samples[36_000 * channels] = Number.NaN;
      header.writeUInt16LE(3, 20);
      header.writeUInt16LE(channels, 22);
      header.writeUInt32LE(64_000 * channels, 28);
      header.writeUInt16LE(4 * channels, 32);
      header.writeUInt16LE(32, 34);
      header.writeUInt32LE(samples.byteLength, 40);
      const path = media.write(`nan${channels}.wav`, Buffer.concat([header, Buffer.from(samples.buffer)]));
      const expected = { code: 'audio-invalid', message: expect.stringContaining('holds NaN at 2.250 s') };
      await expect(decodeAll(decoder, path)).rejects.toMatchObject(expected);
      await expect(decodeAllChannels(decoder, path)).rejects.toMatchObject(expected);
    });

    it('that claims one sample a second, which would make it hours long', async () => {
      const wav = readFileSync(wavOf(32_000));
      wav.writeUInt32LE(1, 24);
      await expect(decodeAll(decoder, media.write('slow.wav', wav))).rejects.toMatchObject({
        code: 'media-unreadable',
        message: expect.stringContaining('claims 1 samples a second'),
      });
    });
  });

  /** 16 kHz mono, every sample at half of full scale. */
  function wavOf(samples: number, { promised = samples } = {}): string {
    const wav = Buffer.alloc(44 + 2 * samples);
    wav.write('RIFF....WAVEfmt ', 'latin1');
    wav.writeUInt32LE(36 + 2 * promised, 4);
    wav.writeUInt32LE(16, 16);
    wav.writeUInt16LE(1, 20);
    wav.writeUInt16LE(1, 22);
    wav.writeUInt32LE(16_000, 24);
    wav.writeUInt32LE(32_000, 28);
    wav.writeUInt16LE(2, 32);
    wav.writeUInt16LE(16, 34);
    wav.write('data', 36, 'latin1');
    wav.writeUInt32LE(2 * promised, 40);
    for (let sample = 0; sample < samples; sample += 1) wav.writeInt16LE(16_385, 44 + 2 * sample);
    const path = media.pathOf(`${samples}-${promised}.wav`);
    writeFileSync(path, wav);
    return path;
  }
});
