import { resolve } from 'node:path';
import type { Decoder } from '@murmuration/pipeline/ports';
import { checkMediaFile } from './check-media-file.ts';
import { throwIfAborted, toDecodedMedia } from './decoded-media.ts';
import { ffmpegProbe, lastReason } from './ffmpeg-probe.ts';
import { tellsOfDamage } from './find-damage.ts';
import { mediaFormats } from './media-formats.ts';
import { startPcmProcess } from './pcm-process.ts';
import { toMediaInfo } from './probed-media.ts';

/**
 * rematrix_maxval: stereo becomes the mean, not the sum that clips. async and first_pts: holes between timestamps
 * are filled with silence, from the first second on, so that times in the transcript stay true.
 */
const TO_MONO_16_KHZ =
  'aresample=16000:rematrix_maxval=1:async=1:min_hard_comp=0.04:first_pts=0,aformat=sample_fmts=flt:channel_layouts=mono';

/** The `ffmpeg` program, with `ffprobe` beside it, as decoder. @param ffmpeg its name on PATH, or its path */
export function ffmpegDecoder(ffmpeg = 'ffmpeg'): Decoder {
  return {
    async decode(path, signal) {
      throwIfAborted(path, signal);
      await checkMediaFile(path);
      // `file:` so that no name is taken for a protocol; nested files may not be opened over the network.
      const input = `file:${resolve(path)}`;
      const inputOptions = [
        '-protocol_whitelist',
        'file',
        '-format_whitelist',
        mediaFormats.join(','),
        '-i',
        input,
      ];
      const probed = await ffmpegProbe(ffmpeg, path, inputOptions, signal);
      toMediaInfo(probed, path);
      const outputOptions = [
        '-map',
        `0:${probed.audio?.index}`,
        '-af',
        TO_MONO_16_KHZ,
        '-f',
        'f32le',
        'pipe:1',
      ];
      let damagedPackets = 0;
      let lastLine = '';
      const decoder = startPcmProcess(
        ffmpeg,
        ['-nostdin', '-v', 'repeat+error', ...inputOptions, ...outputOptions],
        (line) => {
          if (tellsOfDamage(line)) damagedPackets += 1;
          lastLine = line;
        },
        signal,
      );
      decoder.release();
      return toDecodedMedia(
        path,
        probed,
        decoder,
        ({ exitCode, signal: killedBy }) => ({
          damagedPackets: Math.max(damagedPackets, exitCode === 0 ? 0 : 1),
          failure: killedBy === null ? undefined : `ffmpeg died (${killedBy}): ${lastReason(lastLine, path)}`,
        }),
        signal,
      );
    },
  };
}
