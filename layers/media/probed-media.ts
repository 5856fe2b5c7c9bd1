import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MediaInfo } from '@murmuration/pipeline/ports';
import { z } from 'zod';

/** The telephone's rate. */
const NARROW_BAND_HERTZ = 8_000;

/** Nobody can be understood below; a file of 64 kB that claims 1 Hz would be 9 h long. */
const LOWEST_HERTZ = 1_000;

/** What a demuxer says about a file before any of its audio is decoded; both adapters report it in this shape. */
export const ProbedMedia = z.strictObject({
  /** FFmpeg's name, such as `flac` or `mov,mp4,m4a,3gp,3g2,mj2`. */
  container: z.string(),
  containerDurationSeconds: z.number().nullable(),
  /** Every stream in words, such as `video (h264)`. */
  streams: z.array(z.string()),
  /** The stream that will be decoded; null where the file has no sound. */
  audio: z
    .strictObject({
      index: z.int().nonnegative(),
      codec: z.string(),
      sampleRateHertz: z.int().positive(),
      channels: z.int().positive(),
      durationSeconds: z.number().nullable(),
    })
    .nullable(),
});
export type ProbedMedia = z.infer<typeof ProbedMedia>;

/** The port's view of a file. Throws `media-unreadable` where there is no sound in it, or none that can be speech. */
export function toMediaInfo(probed: ProbedMedia, name: string): MediaInfo {
  if (probed.audio === null) {
    const held = probed.streams.length === 0 ? 'no stream at all' : `only ${probed.streams.join(', ')}`;
    throw new MurmurationError(
      'media-unreadable',
      `"${name}" has no audio: it holds ${held}. give a file with sound`,
      { details: { path: name, streams: probed.streams } },
    );
  }
  const { sampleRateHertz } = probed.audio;
  if (sampleRateHertz < LOWEST_HERTZ) {
    throw new MurmurationError(
      'media-unreadable',
      `"${name}" claims ${sampleRateHertz} samples a second, too few for speech: its header is wrong. export it again`,
      { details: { path: name, sampleRateHertz } },
    );
  }
  return {
    container: probed.container,
    codec: probed.audio.codec,
    sampleRateHertz,
    narrowBand: sampleRateHertz <= NARROW_BAND_HERTZ,
    channels: probed.audio.channels,
    durationSeconds: probed.containerDurationSeconds ?? probed.audio.durationSeconds ?? undefined,
  };
}
