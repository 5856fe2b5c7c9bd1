import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';
import { throwIfAborted, unreadable } from './media-errors.ts';
import type { OpenedSource } from './opened-source.ts';
import type { ProbedMedia } from './probed-media.ts';

/** FFmpeg's score for "only the file's name speaks for this format". */
const NAME_ONLY_SCORE = 1;

const Seconds = z.coerce.number().positive().nullable().catch(null);
const FfprobeReport = z.object({
  format: z.object({
    format_name: z.string(),
    probe_score: z.number(),
    duration: Seconds.default(null),
    start_time: z.coerce.number().catch(0),
  }),
  streams: z.array(
    z.object({
      index: z.int().nonnegative(),
      codec_type: z.string().default('data'),
      codec_name: z.string().default('unknown'),
      sample_rate: z.coerce.number().int().default(0),
      channels: z.int().default(0),
      duration_ts: z.number().positive().nullable().catch(null).default(null),
      time_base: z.string().default('1/1'),
      start_time: z.coerce.number().optional().catch(undefined),
      disposition: z.object({ default: z.number() }).default({ default: 0 }),
    }),
  ),
});
type FfprobeReport = z.infer<typeof FfprobeReport>;

export interface FfmpegProbed {
  readonly probed: ProbedMedia;
  /** From the recording's start to that of its sound. */
  readonly lateSeconds: number;
}

/** A longer wait is a broken clock, not an hour of silence. */
const LONGEST_WAIT_SECONDS = 3_600;

/** Asks the ffprobe that lies beside `ffmpeg` what is in a file. Throws `media-unreadable`, `dependency-missing`. */
export async function ffmpegProbe(
  ffmpeg: string,
  { name, input }: Pick<OpenedSource, 'name' | 'input'>,
  inputOptions: readonly string[],
  signal?: AbortSignal,
): Promise<FfmpegProbed> {
  const ffprobe = siblingOf(ffmpeg);
  const args = ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', ...inputOptions];
  const options = {
    encoding: 'utf8',
    maxBuffer: 16e6,
    windowsHide: true,
    // FFmpeg would send what it reads from this machine through a proxy
    env: { ...process.env, http_proxy: undefined },
    ...(signal && { signal }),
  } as const;
  const { stdout } = await promisify(execFile)(ffprobe, args, options).catch((cause: unknown) => {
    throwIfAborted(name, signal);
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    if (code === 'ENOENT' || code === 'EACCES') throw ffmpegMissing(ffprobe, cause);
    throw unreadable(name, lastReason(stderr ?? '', input));
  });
  const report = parseReport(stdout);
  if (report === undefined) throw unreadable(name, `${basename(ffprobe)} gave no description of it`);
  if (report.format.probe_score <= NAME_ONLY_SCORE)
    throw unreadable(name, 'nothing but its name looks like media');
  return toProbedMedia(report);
}

export function ffmpegMissing(program: string, cause?: unknown): MurmurationError {
  return new MurmurationError(
    'dependency-missing',
    `cannot run "${program}": install ffmpeg, or set MURMURATION_FFMPEG to its path`,
    { details: { program }, cause },
  );
}

/** The last line that ffmpeg wrote, without what it was told to open in front. */
export function lastReason(stderr: string, input: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const at = line.lastIndexOf(`${input}: `);
  return line.slice(at === -1 ? 0 : at + input.length + 2) || 'no reason given';
}

function parseReport(text: string): FfprobeReport | undefined {
  try {
    return FfprobeReport.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function siblingOf(ffmpeg: string): string {
  const name = basename(ffmpeg).replace('ffmpeg', 'ffprobe');
  return dirname(ffmpeg) === '.' && !ffmpeg.startsWith('.') ? name : join(dirname(ffmpeg), name);
}

function toProbedMedia({ format, streams }: FfprobeReport): FfmpegProbed {
  // The same choice as in node-av-read.mjs: the default stream, else the one with most channels, else the first.
  const rank = (stream: FfprobeReport['streams'][number]) =>
    stream.disposition.default * 1e6 + stream.channels;
  const audio = streams
    .filter((stream) => stream.codec_type === 'audio' && stream.sample_rate > 0 && stream.channels > 0)
    .sort((one, other) => rank(other) - rank(one))[0];
  const lateSeconds = Math.max(0, (audio?.start_time ?? format.start_time) - format.start_time);
  const probed = {
    container: format.format_name,
    containerDurationSeconds: format.duration,
    streams: streams.map((stream) => `${stream.codec_type} (${stream.codec_name})`),
    audio: audio
      ? {
          index: audio.index,
          codec: audio.codec_name,
          sampleRateHertz: audio.sample_rate,
          channels: audio.channels,
          durationSeconds: audio.duration_ts === null ? null : audio.duration_ts * toUnit(audio.time_base),
        }
      : null,
  };
  return { probed, lateSeconds: lateSeconds > LONGEST_WAIT_SECONDS ? 0 : lateSeconds };
}

/** `1/44100` as a number; ffprobe's own seconds are rounded to microseconds. */
function toUnit(timeBase: string): number {
  const [numerator = 1, denominator = 1] = timeBase.split('/').map(Number);
  return numerator / denominator;
}
