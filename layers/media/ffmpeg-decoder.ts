import { type Decoder, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { toDecodedMedia } from './decoded-media.ts';
import { ffmpegProbe, lastReason } from './ffmpeg-probe.ts';
import { tellsOfDamage } from './find-damage.ts';
import { mediaFormats } from './media-formats.ts';
import type { HttpReach } from './open-http.ts';
import { startPcmProcess } from './pcm-process.ts';
import { toMediaInfo } from './probed-media.ts';
import { toDecoder } from './to-decoder.ts';

/**
 * rematrix_maxval: stereo becomes the mean, not the sum that clips. async: holes between timestamps are filled with
 * silence, so that times in the transcript stay true. Not first_pts: ffmpeg begins its filters anew where a stream
 * changes from mono to stereo, and would put all that has passed in front of it once more.
 */
const TO_16_KHZ = 'aresample=16000:rematrix_maxval=1:async=1:min_hard_comp=0.04';
const TO_MONO = 'aformat=sample_fmts=flt:channel_layouts=mono';
/** FFmpeg's filters know no layout of more channels. */
const MOST_NAMED_CHANNELS = 8;

export interface FfmpegDecoderOptions {
  /** Which hosts a URL may name. @default 'network' */
  readonly reach?: HttpReach | undefined;
  /** As `mediaDecoder` takes it. */
  readonly spoolFolder?: string | undefined;
}

/** The `ffmpeg` program, with `ffprobe` beside it, as decoder. @param ffmpeg its name on PATH, or its path */
export function ffmpegDecoder(ffmpeg = 'ffmpeg', { reach, spoolFolder }: FfmpegDecoderOptions = {}): Decoder {
  return toDecoder(
    async ({ source, channels: wanted, filter, signal }) => {
      const { name } = source;
      // Nested files may not be opened, least of all over the network.
      const inputOptions = [
        '-protocol_whitelist',
        source.protocols,
        '-format_whitelist',
        mediaFormats.join(','),
        '-i',
        source.input,
      ];
      const { probed, lateSeconds } = await ffmpegProbe(
        ffmpeg,
        { name, input: source.input },
        inputOptions,
        signal,
      );
      const channels = wanted === 'mix' ? 1 : toMediaInfo(probed, name).channels;
      const filters = [TO_16_KHZ, wanted === 'mix' ? TO_MONO : keepChannels(channels), filter].filter(
        Boolean,
      );
      const outputOptions = [
        '-map',
        `0:${probed.audio?.index}`,
        '-af',
        `${filters.join(',')},aformat=sample_fmts=flt`,
        '-f',
        'f32le',
        'pipe:1',
      ];
      let damagedPackets = 0;
      let lastLine = '';
      const process = startPcmProcess(ffmpeg, [
        '-nostdin',
        '-v',
        'repeat+error',
        ...inputOptions,
        ...outputOptions,
      ]);
      process.start(
        (line) => {
          if (tellsOfDamage(line)) damagedPackets += 1;
          lastLine = line;
        },
        undefined,
        signal,
      );
      process.release();
      return toDecodedMedia({
        source,
        probed,
        process,
        channels,
        lateSamples: Math.round(lateSeconds * SAMPLE_RATE_HERTZ),
        judge: ({ exitCode, signal: killedBy }) => ({
          damagedPackets: Math.max(damagedPackets, exitCode === 0 ? 0 : 1),
          failure:
            killedBy === null
              ? undefined
              : `ffmpeg died (${killedBy}): ${lastReason(lastLine, source.input)}`,
        }),
        signal,
      });
    },
    { reach, spoolFolder },
  );
}

/** Holds a stream that changes its channels on the way to the number that it began with, each in its place. */
function keepChannels(channels: number): string {
  if (channels > MOST_NAMED_CHANNELS) return 'aformat=sample_fmts=flt';
  return `pan=${channels}c|${Array.from({ length: channels }, (_, index) => `c${index}=c${index}`).join('|')}`;
}
