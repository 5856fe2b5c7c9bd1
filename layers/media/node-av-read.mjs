// @ts-check
import {
  AV_DISPOSITION_DEFAULT,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVERROR_EAGAIN,
  AVERROR_EINVAL,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
} from 'node-av/constants';
import * as av from 'node-av/lib';
import { createFilter } from './node-av-filter.mjs';
import { createResampler } from './node-av-resample.mjs';

/** FFmpeg's score for "only the file's name speaks for this format". */
const NAME_ONLY_SCORE = 1;

/**
 * Opens a file and says what is in it.
 *
 * @param {{ input: string, protocols: string, formats: readonly string[] }} request what to open, and the protocols and
 *   demuxers that may open it: nested files may not be opened, least of all over the network
 */
export function openMedia({ input, protocols, formats }) {
  const format = new av.FormatContext();
  const limits = av.Dictionary.fromObject({
    protocol_whitelist: protocols,
    format_whitelist: formats.join(','),
  });
  const opened = format.openInputSync(input, null, limits);
  if (opened === AVERROR_EINVAL) throw new Error('its format is not one of audio or video');
  av.FFmpegError.throwIfError(opened, 'open');
  if (format.probeScore <= NAME_ONLY_SCORE) throw new Error('nothing but its name looks like media');
  av.FFmpegError.throwIfError(format.findStreamInfoSync(), 'find streams');
  const stream = pickAudio(format.streams);
  // By index: each read of `streams` makes new objects.
  for (const other of format.streams) if (other.index !== stream?.index) other.discard = AVDISCARD_ALL;
  return { format, stream, probed: describe(format, stream) };
}

/** The default stream, else the one with most channels, else the first. @param {av.Stream[]} streams */
function pickAudio(streams) {
  /** @param {av.Stream} stream */
  const rank = ({ disposition, codecpar }) =>
    (disposition & AV_DISPOSITION_DEFAULT ? 1e6 : 0) + codecpar.channels;
  return streams
    .filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO && codecpar.sampleRate > 0)
    .reduce(
      (/** @type {av.Stream | undefined} */ best, next) => (best && rank(best) >= rank(next) ? best : next),
      undefined,
    );
}

/** @param {av.FormatContext} format @param {av.Stream | undefined} stream */
function describe(format, stream) {
  return {
    container: format.iformat?.name ?? 'unknown',
    containerDurationSeconds: seconds(format.duration, 1e-6),
    streams: format.streams.map(
      ({ codecpar }) =>
        `${av.avGetMediaTypeString(codecpar.codecType) ?? 'data'} (${av.avGetCodecName(codecpar.codecId)})`,
    ),
    audio: stream
      ? {
          index: stream.index,
          codec: av.avGetCodecName(stream.codecpar.codecId) ?? 'unknown',
          sampleRateHertz: stream.codecpar.sampleRate,
          channels: stream.codecpar.channels,
          durationSeconds: seconds(stream.duration, stream.timeBase.num / stream.timeBase.den),
        }
      : null,
  };
}

/** @param {bigint} ticks @param {number} unit */
function seconds(ticks, unit) {
  return ticks === AV_NOPTS_VALUE || ticks <= 0n ? null : Number(ticks) * unit;
}

/**
 * Decodes one stream to 16 kHz float32, channels in turn; yields after every packet what has become ready.
 *
 * @param {av.FormatContext} format
 * @param {av.Stream} stream
 * @param {{ channels: number, filter?: string | undefined }} wish channels of the output: 1 mixes
 * @param {{ damagedPackets: number }} tally counts up as damage is met
 * @returns {Generator<Buffer | undefined>} undefined for a packet that gave no sound
 */
export function* readAudio(format, stream, { channels, filter: chain }, tally) {
  const codec = av.Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new Error(`no decoder for ${av.avGetCodecName(stream.codecpar.codecId)}`);
  const decoder = new av.CodecContext();
  decoder.allocContext3(codec);
  av.FFmpegError.throwIfError(decoder.parametersToContext(stream.codecpar), 'codec parameters');
  decoder.pktTimebase = stream.timeBase;
  decoder.threadCount = 1;
  av.FFmpegError.throwIfError(decoder.open2Sync(codec, null), 'open decoder');
  const packet = new av.Packet();
  packet.alloc();
  const frame = new av.Frame();
  frame.alloc();
  /** @type {Buffer[]} */
  let ready = [];
  const startSeconds = format.startTime === AV_NOPTS_VALUE ? undefined : Number(format.startTime) * 1e-6;
  /** @param {Buffer} pcm */
  const emit = (pcm) => void ready.push(pcm);
  const filter = chain === undefined ? undefined : createFilter(chain, channels, emit);
  const resampler = createResampler(filter?.push ?? emit, { channels, startSeconds });
  const unit = stream.timeBase.num / stream.timeBase.den;

  const receive = () => {
    for (;;) {
      const received = decoder.receiveFrameSync(frame);
      if (received === AVERROR_EAGAIN || received === AVERROR_EOF) return;
      if (received < 0) {
        tally.damagedPackets += 1;
        return;
      }
      const ticks = frame.bestEffortTimestamp;
      resampler.push(frame, ticks === AV_NOPTS_VALUE ? undefined : Number(ticks) * unit);
      frame.unref();
    }
  };
  function* take() {
    const taken = ready;
    ready = [];
    // Joined up to 1 MB: single frames are small, and an hour of silence is not
    for (let next = 0; next < taken.length; ) {
      const first = next;
      for (let bytes = 0; next < taken.length && bytes < 1e6; next += 1) bytes += taken[next]?.length ?? 0;
      yield Buffer.concat(taken.slice(first, next));
    }
  }

  for (;;) {
    const read = format.readFrameSync(packet);
    if (read === AVERROR_EAGAIN) continue;
    if (read < 0) {
      if (read !== AVERROR_EOF) tally.damagedPackets += 1;
      break;
    }
    if (packet.streamIndex === stream.index) {
      const sent = decoder.sendPacketSync(packet);
      if (sent < 0 && sent !== AVERROR_EAGAIN) tally.damagedPackets += 1;
      receive();
    }
    packet.unref();
    if (ready.length === 0) yield;
    else yield* take();
  }
  decoder.sendPacketSync(null);
  receive();
  resampler.flush();
  filter?.flush();
  yield* take();
}
