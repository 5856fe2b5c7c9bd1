// @ts-check
import { AV_SAMPLE_FMT_FLT } from 'node-av/constants';
import { avChannelLayoutDefault, FFmpegError, Filter, FilterGraph, Frame } from 'node-av/lib';

const RATE_HERTZ = 16_000;

/**
 * One of FFmpeg's filters over 16 kHz float32 bytes, channels in turn; as many come out as go in.
 *
 * @param {string} described such as `dynaudnorm=f=250`
 * @param {number} channels
 * @param {(pcm: Buffer) => void} emit
 */
export function createFilter(described, channels, emit) {
  const layout = avChannelLayoutDefault(channels);
  // 12 channels have no layout with a name
  const layoutName = layout.mask ? `0x${layout.mask.toString(16)}` : `${channels}C`;
  const graph = new FilterGraph();
  graph.alloc();
  const format = `sample_fmt=flt:channel_layout=${layoutName}`;
  const source = create('abuffer', 'in', `sample_rate=${RATE_HERTZ}:${format}:time_base=1/${RATE_HERTZ}`);
  const [name = '', ...options] = described.split('=');
  const filter = create(name, 'filter', options.join('='));
  // The filter works in doubles of channels apart
  const toFloat = create('aformat', 'to-float', `sample_fmts=flt:channel_layouts=${layoutName}`);
  const sink = create('abuffersink', 'out', null);
  // By hand: parsing a described graph does not work in node-av
  let last = source;
  for (const next of [filter, toFloat, sink]) {
    FFmpegError.throwIfError(last.link(0, next, 0), 'link filters');
    last = next;
  }
  FFmpegError.throwIfError(graph.configSync(), 'filter');
  const made = new Frame();
  made.alloc();
  let position = 0n;

  /** @param {string} kind @param {string} label @param {string | null} options */
  function create(kind, label, options) {
    const found = Filter.getByName(kind);
    const context = found && graph.createFilter(found, label, options);
    if (!context) throw new Error(`FFmpeg cannot make the filter ${kind}=${options}`);
    return context;
  }

  function pull() {
    while (sink.buffersinkGetFrameSync(made) >= 0) {
      const bytes = made.data?.[0];
      if (bytes) emit(Buffer.from(bytes.subarray(0, made.nbSamples * channels * 4)));
      made.unref();
    }
  }

  /** @param {Buffer} pcm */
  function push(pcm) {
    const frame = new Frame();
    frame.alloc();
    frame.format = AV_SAMPLE_FMT_FLT;
    frame.sampleRate = RATE_HERTZ;
    frame.channelLayout = layout;
    frame.nbSamples = pcm.length / 4 / channels;
    frame.pts = position;
    position += BigInt(frame.nbSamples);
    FFmpegError.throwIfError(frame.getBuffer(), 'filter memory');
    FFmpegError.throwIfError(frame.fromBuffer(pcm), 'filter input');
    FFmpegError.throwIfError(source.buffersrcAddFrameSync(frame), 'filter input');
    frame.free();
    pull();
  }

  function flush() {
    source.buffersrcAddFrameSync(null);
    pull();
  }

  return { push, flush };
}
