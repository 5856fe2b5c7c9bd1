import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Pcm } from '@murmuration/pipeline/ports';
import { beforeAll, describe, expect, it } from 'vitest';
import { adapters, audio, correlation, decodeAll, hasFfmpeg, jfk, level, mediaFolder } from './decoders.ts';

const media = mediaFolder();

describe.each(adapters)('$name', ({ decoder, missing }) => {
  describe.skipIf(missing)('reads', () => {
    it('a flac as 16 kHz mono in blocks of one second', async () => {
      const { pcm, blocks, info, warnings } = await decodeAll(decoder, jfk);
      expect(pcm).toHaveLength(176_000);
      expect(blocks).toEqual(Array(11).fill(16_000));
      expect(info).toEqual({
        container: 'flac',
        codec: 'flac',
        sampleRateHertz: 44_100,
        narrowBand: false,
        channels: 2,
        durationSeconds: 11,
      });
      expect(warnings).toEqual([]);
      expect(level(pcm)).toBeGreaterThan(0.05);
    });

    it('every recording of the fixtures at its full length and without a warning', async () => {
      const lines = readFileSync(join(audio, 'references.jsonl'), 'utf8').trim().split('\n');
      for (const line of lines) {
        const { file, seconds } = JSON.parse(line) as { file: string; seconds: number };
        const { pcm, warnings } = await decodeAll(decoder, join(audio, file));
        expect([file, warnings]).toEqual([file, []]);
        expect(Math.abs(pcm.length / 16_000 - seconds), file).toBeLessThan(0.02);
      }
    });

    it('a short recording whose blocks are read long after it was decoded', async () => {
      const { blocks } = await decoder.decode(join(audio, 'brooklyn-bridge.flac'));
      await setTimeout(400);
      let samples = 0;
      for await (const block of blocks) samples += block.length;
      expect(samples).toBeGreaterThan(28_000);
    });

    it('a name with a colon, a quote and a space in it', async () => {
      const path = media.pathOf(`it's a: %d "name".flac`);
      copyFileSync(join(audio, 'brooklyn-bridge.flac'), path);
      expect((await decodeAll(decoder, path)).pcm.length).toBeGreaterThan(28_000);
    });
  });

  describe.skipIf(missing || !hasFfmpeg)('keeps length and sound of', () => {
    let original: Pcm;
    beforeAll(async () => {
      original = (await decodeAll(decoder, jfk)).pcm;
    });

    it.each([
      ['pcm16.wav', ['-c:a', 'pcm_s16le']],
      ['pcm24.wav', ['-c:a', 'pcm_s24le']],
      ['float.wav', ['-c:a', 'pcm_f32le']],
      ['8khz.wav', ['-ar', '8000']],
      ['44.1khz.wav', ['-ar', '44100', '-ac', '1']],
      ['48khz.flac', ['-ar', '48000']],
      ['six-channels.wav', ['-af', 'pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0']],
      ['eight-channels.flac', ['-af', 'pan=7.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0|c6=c0|c7=c0']],
      ['128k.mp3', ['-b:a', '128k']],
      ['vbr-no-xing.mp3', ['-q:a', '4', '-write_xing', '0']],
      ['aac.m4a', ['-c:a', 'aac']],
      ['adts.aac', ['-c:a', 'aac', '-f', 'adts']],
      ['opus.ogg', ['-c:a', 'libopus']],
      ['vorbis.ogg', ['-c:a', 'libvorbis']],
      ['opus.webm', ['-c:a', 'libopus']],
      ['aac.mkv', ['-c:a', 'aac']],
      ['speech.aiff', []],
    ])('%s', async (name, args) => {
      const { pcm, warnings } = await decodeAll(decoder, media.make(name, args));
      expect(warnings).toEqual([]);
      // Codecs without a length of their own round up to whole packets.
      expect(Math.abs(pcm.length - original.length)).toBeLessThan(16_000 * 0.09);
      expect(level(pcm)).toBeGreaterThan(level(original) * 0.7);
      expect(level(pcm)).toBeLessThan(level(original) * 1.3);
    });

    it('a video with sound', async () => {
      const picture = ['-f', 'lavfi', '-i', 'color=size=64x64:rate=5:duration=14'];
      const path = media.make('film.mp4', ['-c:a', 'aac', '-c:v', 'mpeg4'], ['-i', jfk, ...picture]);
      const { pcm, info, warnings } = await decodeAll(decoder, path);
      expect(Math.abs(pcm.length - 176_000)).toBeLessThan(1_600);
      expect(info.codec).toBe('aac');
      expect(warnings).toEqual([]);
    });

    it('audio that starts late: silence comes first', async () => {
      const path = media.make('late.mp4', ['-c:a', 'aac', '-c:v', 'mpeg4', '-map', '0:v', '-map', '1:a'], [
        '-f', 'lavfi', '-i', 'color=size=64x64:rate=5:duration=14', '-itsoffset', '2.5', '-i', jfk,
      ]); // biome-ignore format: ffmpeg reads pairs
      const { pcm } = await decodeAll(decoder, path);
      expect(Math.abs(pcm.length - 13.5 * 16_000)).toBeLessThan(1_600);
      expect(level(pcm, 0, 2.4)).toBeLessThan(1e-4);
      expect(level(pcm, 2.5, 13.5)).toBeGreaterThan(0.05);
    });

    it('a recording with a hole: silence fills it', async () => {
      const path = media.make('hole.mkv', ['-c:a', 'pcm_s16le', '-af', "aselect='lt(t,4)+gte(t,7)'"]);
      const { pcm } = await decodeAll(decoder, path);
      expect(Math.abs(pcm.length - 176_000)).toBeLessThan(4_000);
      expect(level(pcm, 4.2, 6.8)).toBeLessThan(1e-4);
      expect(level(pcm, 7.2, 11)).toBeGreaterThan(0.05);
    });
  });

  describe.skipIf(missing || !hasFfmpeg)('makes stereo to mono', () => {
    const tone = (gain: number) => `sine=frequency=440:duration=2:sample_rate=16000,volume=${gain}*8`;
    it('as the mean, so that two loud channels do not clip', async () => {
      const path = media.make('loud.wav', ['-filter_complex', 'amerge', '-c:a', 'pcm_f32le'], [
        '-f', 'lavfi', '-i', tone(0.9), '-f', 'lavfi', '-i', tone(0.9),
      ]); // biome-ignore format: ffmpeg reads pairs
      const { pcm } = await decodeAll(decoder, path);
      expect(Math.max(...pcm)).toBeCloseTo(0.9, 2);
    });

    it('as half of what one channel alone holds', async () => {
      const path = media.make('left.wav', ['-filter_complex', 'amerge', '-c:a', 'pcm_f32le'], [
        '-f', 'lavfi', '-i', tone(0.8), '-f', 'lavfi', '-i', tone(0),
      ]); // biome-ignore format: ffmpeg reads pairs
      const { pcm } = await decodeAll(decoder, path);
      expect(Math.max(...pcm)).toBeCloseTo(0.4, 2);
    });
  });

  describe.skipIf(missing)('refuses', () => {
    const refusal = (path: string) =>
      decodeAll(decoder, path).then(
        () => 'decoded',
        (error) => error,
      );

    it('a file that is not there', async () => {
      expect(await refusal(media.pathOf('nowhere.wav'))).toMatchObject({ code: 'file-not-found' });
    });

    it('a folder', async () => {
      mkdirSync(media.pathOf('folder.wav'), { recursive: true });
      expect(await refusal(media.pathOf('folder.wav'))).toMatchObject({ code: 'media-unreadable' });
    });

    it('0 bytes', async () => {
      expect(await refusal(media.write('empty.mp3', ''))).toMatchObject({ code: 'media-empty' });
    });

    it('a header without a sample', async () => {
      const wav = readFileSync(join(audio, 'wreck-a-nice-beach.wav')).subarray(0, 44);
      wav.writeUInt32LE(0, 40);
      expect(await refusal(media.write('header.wav', wav))).toMatchObject({ code: 'media-empty' });
    });

    const text = 'It was the best of times, it was the worst of times.\n'.repeat(2_000);
    it.each(['mp3', 'wav', 'flac', 'm4a', 'ogg', 'aac', 'txt', 'amr'])(
      'text named .%s',
      async (extension) => {
        expect(await refusal(media.write(`text.${extension}`, text))).toMatchObject({
          code: 'media-unreadable',
        });
      },
    );

    it.each(['mp3', 'flac', 'bin'])('random bytes named .%s', async (extension) => {
      const bytes = Uint8Array.from(
        { length: 100_000 },
        (_, index) => (index * index * 31 + (index >> 3)) % 251,
      );
      expect(await refusal(media.write(`random.${extension}`, bytes))).toMatchObject({
        code: 'media-unreadable',
      });
    });

    it('subtitles', async () => {
      const path = media.write('captions.srt', '1\n00:00:01,000 --> 00:00:02,000\nhello\n');
      expect(await refusal(path)).toMatchObject({ code: 'media-unreadable' });
    });

    it('a playlist that names another file', async () => {
      const path = media.write(
        'list.m3u8',
        `#EXTM3U\n#EXT-X-TARGETDURATION:11\n#EXTINF:11,\n${jfk}\n#EXT-X-ENDLIST\n`,
      );
      expect(await refusal(path)).toMatchObject({ code: 'media-unreadable' });
    });

    it.skipIf(!hasFfmpeg)('a picture, also under the name of a recording', async () => {
      const picture = ['-f', 'lavfi', '-i', 'color=size=64x64:duration=1'];
      const path = media.make('picture.png', ['-frames:v', '1', '-update', '1'], picture);
      expect(await refusal(path)).toMatchObject({ code: 'media-unreadable' });
      copyFileSync(path, media.pathOf('picture.mp3'));
      expect(await refusal(media.pathOf('picture.mp3'))).toMatchObject({ code: 'media-unreadable' });
    });

    it.skipIf(!hasFfmpeg)('sound that is encrypted, and says so', async () => {
      const args = ['-c:a', 'aac', '-encryption_scheme', 'cenc-aes-ctr'];
      const keys = [
        '-encryption_key',
        '0'.repeat(31).concat('1'),
        '-encryption_kid',
        '0'.repeat(31).concat('2'),
      ];
      for (const place of [[], ['-movflags', '+faststart']]) {
        const path = media.make(`locked${place.length}.mp4`, [...args, ...keys, ...place]);
        expect(await refusal(path)).toMatchObject({
          code: 'media-unreadable',
          message: expect.stringContaining('is encrypted (Common Encryption, cenc)'),
        });
      }
    });

    it.skipIf(!hasFfmpeg)('a film without sound, and says what it holds', async () => {
      const picture = ['-f', 'lavfi', '-i', 'color=size=64x64:rate=5:duration=1'];
      const error = await refusal(media.make('silent.mp4', ['-c:v', 'mpeg4'], picture));
      expect(error).toMatchObject({ code: 'media-unreadable' });
      expect((error as Error).message).toContain('only video (mpeg4)');
    });
  });

  describe.skipIf(missing)('of a damaged file', () => {
    it('gives a cut-off flac up to the cut, and a warning', async () => {
      const { pcm, warnings } = await decodeAll(
        decoder,
        media.write('cut.flac', readFileSync(jfk).subarray(0, 400_000)),
      );
      expect(pcm.length).toBeGreaterThan(3 * 16_000);
      expect(pcm.length).toBeLessThan(4 * 16_000);
      expect(warnings[0]).toMatch(/^ended early: 3\.\d s of 11\.0 s decoded/);
    });

    it('gives a cut-off wav up to the cut, and a warning', async () => {
      const wav = readFileSync(join(audio, 'wreck-a-nice-beach.wav')).subarray(0, 100_001);
      const { pcm, warnings } = await decodeAll(decoder, media.write('cut.wav', wav));
      expect(pcm.length / 16_000).toBeCloseTo(3.1, 1);
      expect(warnings[0]).toMatch(/^ended early: 3\.1 s of 5\.0 s decoded/);
    });

    it('gives a cut-off mp3 up to the cut, and a warning', async () => {
      const mp3 = readFileSync(join(audio, 'librispeech-1272-141231-0002.mp3')).subarray(0, 50_000);
      const { pcm, warnings } = await decodeAll(decoder, media.write('cut.mp3', mp3));
      expect(pcm.length).toBeGreaterThan(6 * 16_000);
      expect(warnings[0]).toMatch(/^ended early/);
    });

    it.skipIf(!hasFfmpeg).each([
      ['whole.mp3', ['-write_xing', '0']],
      ['whole.aac', ['-c:a', 'aac']],
      ['fragmented.mp4', ['-c:a', 'aac', '-movflags', '+frag_keyframe+empty_moov']],
      ['opus.ogg', ['-c:a', 'libopus']],
      ['vorbis.ogg', ['-c:a', 'libvorbis']],
      ['live.webm', ['-c:a', 'libopus', '-live', '1']],
      ['whole.mkv', ['-c:a', 'aac']],
      ['whole.caf', []],
      ['whole.w64', []],
      ['whole.aiff', []],
      ['rf64.wav', ['-rf64', 'always']],
      ['whole.ts', ['-c:a', 'aac']],
    ])('that ends within a packet gives all before it, and a warning: %s', async (name, args) => {
      const path = media.make(name, args);
      expect((await decodeAll(decoder, path)).warnings).toEqual([]);
      const bytes = readFileSync(path);
      const cut = media.write(`cut-${name}`, bytes.subarray(0, Math.round(bytes.length * 0.6) + 7));
      const { pcm, warnings } = await decodeAll(decoder, cut);
      expect(pcm.length).toBeGreaterThan(5.5 * 16_000);
      expect(pcm.length).toBeLessThan(7 * 16_000);
      expect(warnings).not.toEqual([]);
    });

    it.skipIf(!hasFfmpeg)('refuses an mp4 that ends before its index, and says so', async () => {
      const bytes = readFileSync(media.make('index-at-end.m4a', ['-c:a', 'aac']));
      const cut = media.write('no-index.m4a', bytes.subarray(0, bytes.length / 2));
      await expect(decodeAll(decoder, cut)).rejects.toMatchObject({
        code: 'media-truncated',
        message: expect.stringContaining('cut off before its index'),
      });
    });

    it.skipIf(!hasFfmpeg).each([
      ['mp3', ['-b:a', '128k']],
      ['m4a', ['-c:a', 'aac']],
      ['ogg', ['-c:a', 'libopus']],
    ])(
      'gives what surrounds a damaged stretch of a .%s at its true time, and a warning',
      async (kind, args) => {
        const bytes = readFileSync(media.make(`sound.${kind}`, args));
        bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 4_000);
        const { pcm, warnings } = await decodeAll(decoder, media.write(`hurt.${kind}`, bytes));
        expect(pcm.length / 16_000).toBeGreaterThan(10.5);
        expect(warnings.join()).toMatch(/damaged: \d+ packet/);
      },
    );
  });

  describe.skipIf(missing)('stops', () => {
    it('at once when the signal is aborted already', async () => {
      await expect(decoder.decode(jfk, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    });

    it('when the signal is aborted while the file is looked at', async () => {
      const stop = new AbortController();
      const decoding = decoder.decode(jfk, stop.signal);
      stop.abort();
      await expect(decoding).rejects.toMatchObject({ code: 'aborted' });
    });

    it('between two blocks when the signal is aborted', async () => {
      const stop = new AbortController();
      const { blocks } = await decoder.decode(join(audio, 'multilingual.mp3'), stop.signal);
      const reading = (async () => {
        for await (const _ of blocks) stop.abort();
      })();
      await expect(reading).rejects.toMatchObject({ code: 'aborted' });
    });

    it('its process when the reader leaves early', async () => {
      const running = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
      const before = running();
      const { blocks } = await decoder.decode(join(audio, 'multilingual.mp3'));
      for await (const _ of blocks) break;
      await expect.poll(running).toBe(before);
    });

    it('holding the program when nobody reads the blocks', async () => {
      const module = decoder === adapters[0]?.decoder ? 'node-av-decoder' : 'ffmpeg-decoder';
      const factory = decoder === adapters[0]?.decoder ? 'nodeAvDecoder' : 'ffmpegDecoder';
      const script = `import { ${factory} } from '@murmuration/media/${module}';
        console.log((await ${factory}().decode(process.argv[1])).info.codec);`;
      const args = ['--import', 'tsx', '--input-type=module', '-e', script, join(audio, 'multilingual.mp3')];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
      expect(stdout).toBe('mp3\n');
    });
  });
});

describe.skipIf(!hasFfmpeg)('both adapters', () => {
  it.each(['jfk.flac', 'multilingual.mp3', 'stereo_diarization.wav', 'whats-the-weather-like-mulaw.wav'])(
    'give the same samples for %s',
    async (file) => {
      const [one, other] = await Promise.all(
        adapters.map(({ decoder }) => decodeAll(decoder, join(audio, file))),
      );
      expect(one!.pcm).toHaveLength(other!.pcm.length);
      expect(correlation(one!.pcm, other!.pcm)).toBeGreaterThan(0.999);
    },
  );
});
