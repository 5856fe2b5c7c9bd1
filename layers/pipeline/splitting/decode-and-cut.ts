import { BYTES_PER_SAMPLE, fromSixteenBit, toSixteenBit } from '../audio/sixteen-bit.ts';
import type { JobOptions } from '../contract/job.ts';
import type { UnnumberedSegment } from '../contract/plan-part.ts';
import { cutChannels } from '../hearing/cut-channels.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import {
  type DecodedMedia,
  type Decoder,
  type MediaInfo,
  type Pcm,
  type RangeSource,
  SAMPLE_RATE_HERTZ,
} from '../ports.ts';
import { type ObjectSink, objectSink } from './object-sink.ts';
import { segmentOfCut } from './segment-of-cut.ts';

export interface DecodedRecording {
  readonly media: MediaInfo;
  readonly warnings: readonly string[];
  /** Of one channel. */
  readonly sizeBytes: number;
  /** What was cut, in order of time. */
  readonly segments: readonly UnnumberedSegment[];
  /** Where cutting stopped, a pause, in each channel that goes on after it. */
  readonly uncut: readonly { readonly channel: number | undefined; readonly byteStart: number }[];
}

/**
 * One pass over a recording: decodes it, keeps its PCM as an object a channel, and cuts it on the way, up to a pause after
 * `inlineSeconds` of all channels together. Holds some seconds of audio. Throws what the decoder and the store throw; then no object is left.
 */
export async function decodeAndCut(
  source: RangeSource,
  { jobId, options, inlineSeconds }: { jobId: string; options: JobOptions; inlineSeconds: number },
  { decoder, cut, store }: Pick<PipelinePorts, 'decoder' | 'cut' | 'store'>,
): Promise<DecodedRecording> {
  const { media, blocks, names } = await openChannels(source, options, decoder);
  const sinks = names.map((channel) => objectSink(store, keys.audio(jobId, channel)));
  const kept = keep(blocks, sinks);
  const segments: UnnumberedSegment[] = [];
  // Each channel is listened to on its own
  const stopSample = (inlineSeconds * SAMPLE_RATE_HERTZ) / names.length;
  const borders = names.map((): number | undefined => undefined);
  try {
    for await (const { channel, ...segment } of cutChannels(withoutEnd(kept), names.length, cut)) {
      // A segment that begins in a pause is the place to stop: nothing of it was heard before
      const mayStop = segment.startSample >= stopSample && segment.overlapSamples === 0;
      if (mayStop) borders[channel] ??= segment.startSample * BYTES_PER_SAMPLE;
      if (borders[channel] === undefined) segments.push(segmentOfCut(segment, { channel: names[channel] }));
      else if (borders.every((border) => border !== undefined)) break;
    }
    while (!(await kept.next()).done);
    for (const sink of sinks) await sink.end();
    const uncut = borders.flatMap((byteStart, index) =>
      byteStart === undefined ? [] : [{ channel: names[index], byteStart }],
    );
    return {
      media: media.info,
      warnings: [...media.warnings],
      sizeBytes: sinks[0]!.sizeBytes,
      segments,
      uncut,
    };
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.abort()));
    throw error;
  } finally {
    await kept.return();
  }
}

interface OpenedChannels {
  readonly media: Omit<DecodedMedia, 'blocks'>;
  readonly blocks: AsyncIterable<readonly Pcm[]>;
  /** Undefined where channels are mixed. */
  readonly names: readonly (number | undefined)[];
}

async function openChannels(
  source: RangeSource,
  { channels, preprocess }: JobOptions,
  decoder: Decoder,
): Promise<OpenedChannels> {
  if (channels === 'mix') {
    const media = await decoder.decode(source, undefined, { preprocess });
    return { media, blocks: alone(media.blocks), names: [undefined] };
  }
  const media = await decoder.decodeChannels(source, undefined, { preprocess });
  return {
    media,
    blocks: media.blocks,
    names: Array.from({ length: media.info.channels }, (_, index) => index),
  };
}

/** Writes each block away and hands it on as it was written, in 16 bits. */
async function* keep(
  blocks: AsyncIterable<readonly Pcm[]>,
  sinks: readonly ObjectSink[],
): AsyncGenerator<Pcm[], void> {
  for await (const block of blocks) {
    const written = block.map(toSixteenBit);
    await Promise.all(sinks.map((sink, channel) => sink.write(written[channel]!)));
    yield written.map(fromSixteenBit);
  }
}

async function* alone(blocks: AsyncIterable<Pcm>): AsyncGenerator<Pcm[]> {
  for await (const block of blocks) yield [block];
}

/** Whoever stops reading it does not stop what it reads from. */
function withoutEnd<T>(source: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
}
