// @ts-check
import { AV_CHANNEL_LAYOUT_MONO, AV_SAMPLE_FMT_FLT } from 'node-av/constants';
import { avChannelLayoutDefault, FFmpegError, SoftwareResampleContext } from 'node-av/lib';

const RATE_HERTZ = 16_000;

/** Timestamps jitter by some milliseconds; a longer hole is missing audio. */
const GAP_SECONDS = 0.04;
/** A longer jump is a broken clock, not an hour of silence. */
const LONGEST_GAP_SECONDS = 3_600;

/**
 * Frames of any rate, layout and format in; 16 kHz float32 bytes out, channels in turn, holes between timestamps filled
 * with silence so that times in the transcript stay true.
 *
 * @param {(pcm: Buffer) => void} emit
 * @param {{ channels: number, startSeconds: number | undefined }} wish channels of the output, 1 mixes; the timestamp
 *   that is second 0 of the recording
 */
export function createResampler(emit, { channels: outChannels, startSeconds }) {
  const sampleBytes = 4 * outChannels;
  /** One for all holes: an hour of them would be 230 MB. */
  const oneSecondOfSilence = Buffer.alloc(RATE_HERTZ * sampleBytes);
  /** @type {import('node-av/lib').ChannelLayout | undefined} */
  let outLayout = outChannels === 1 ? AV_CHANNEL_LAYOUT_MONO : undefined;
  /** @type {SoftwareResampleContext | undefined} */
  let context;
  let layoutKey = '';
  let writtenSeconds = 0;
  let originSeconds = startSeconds;

  /** @param {Buffer[] | null} data @param {number} samples */
  function convert(data, samples) {
    if (!context) return 0;
    const room = data ? context.getOutSamples(samples) : 4_096;
    if (room <= 0) return 0;
    const out = Buffer.allocUnsafe(room * sampleBytes);
    const count = context.convertSync([out], room, data, samples);
    FFmpegError.throwIfError(count, 'resample');
    if (count > 0) emit(out.subarray(0, count * sampleBytes));
    return count;
  }

  function flush() {
    while (convert(null, 0) > 0);
  }

  /** @param {import('node-av/lib').Frame} frame */
  function adapt(frame) {
    const { sampleRate, channels, format } = frame;
    const key = `${sampleRate} ${channels} ${format}`;
    if (key === layoutKey) return;
    flush();
    context?.free();
    context = new SoftwareResampleContext();
    // Each channel keeps its place, also where a later frame comes with another number of them
    outLayout ??= channels === outChannels ? frame.channelLayout : avChannelLayoutDefault(outChannels);
    const set = context.allocSetOpts2(
      outLayout,
      AV_SAMPLE_FMT_FLT,
      RATE_HERTZ,
      frame.channelLayout,
      /** @type {import('node-av/constants').AVSampleFormat} */ (format),
      sampleRate,
    );
    FFmpegError.throwIfError(set, 'resampler options');
    // Float output is not normalised by default: stereo would come out 1.414 times too loud, and clip.
    context.setOption('rematrix_maxval', 1);
    FFmpegError.throwIfError(context.init(), 'resampler');
    layoutKey = key;
  }

  /** @param {number} seconds */
  function silence(seconds) {
    // What the filter still holds belongs before the hole.
    flush();
    context?.init();
    let samples = Math.round(seconds * RATE_HERTZ);
    writtenSeconds += samples / RATE_HERTZ;
    for (; samples > 0; samples -= RATE_HERTZ) emit(oneSecondOfSilence.subarray(0, samples * sampleBytes));
  }

  /** @param {import('node-av/lib').Frame} frame @param {number | undefined} timestampSeconds */
  function push(frame, timestampSeconds) {
    if (timestampSeconds !== undefined) {
      originSeconds ??= timestampSeconds;
      const gapSeconds = timestampSeconds - originSeconds - writtenSeconds;
      if (gapSeconds > LONGEST_GAP_SECONDS) originSeconds += gapSeconds;
      else if (gapSeconds > GAP_SECONDS) silence(gapSeconds);
    }
    adapt(frame);
    convert(frame.extendedData ?? frame.data, frame.nbSamples);
    writtenSeconds += frame.nbSamples / frame.sampleRate;
  }

  return { push, flush, free: () => context?.free() };
}
