import { MurmurationError } from '@murmuration/pipeline/errors';
import type { DecodedMedia, DecodeOptions, Decoder, MediaSource } from '@murmuration/pipeline/ports';
import { separateChannels } from './decoded-media.ts';
import { lacksIndex } from './lacks-index.ts';
import { throwIfAborted, withoutIndex } from './media-errors.ts';
import { nameOf, type OpenSourceOptions, openSource } from './open-source.ts';
import type { OpenedSource } from './opened-source.ts';
import { preprocessFilter } from './preprocess-filter.ts';

/** What an adapter is asked for. */
export interface DecodingRequest {
  readonly source: OpenedSource;
  readonly channels: 'mix' | 'separate';
  /** FFmpeg's name and options of what comes after resampling. */
  readonly filter: string | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface ToDecoderOptions extends Pick<OpenSourceOptions, 'reach' | 'spoolFolder'> {
  /** Throws `dependency-missing` before a stream is read that another decoder may want. */
  readonly requireInstalled?: () => void;
}

/**
 * The port around one way of decoding. `run` answers with samples of channels in turn, and closes the source where
 * they have ended.
 */
export function toDecoder(
  run: (request: DecodingRequest) => Promise<DecodedMedia>,
  { reach, spoolFolder, requireInstalled }: ToDecoderOptions = {},
): Decoder {
  async function open(
    channels: DecodingRequest['channels'],
    from: MediaSource,
    signal: AbortSignal | undefined,
    options: DecodeOptions | undefined,
  ): Promise<DecodedMedia> {
    throwIfAborted(nameOf(from), signal);
    requireInstalled?.();
    const source = await openSource(from, { reach, signal, streamName: options?.streamName, spoolFolder });
    try {
      return await run({ source, channels, filter: preprocessFilter(options), signal });
    } catch (error) {
      const isUnreadable = error instanceof MurmurationError && error.code === 'media-unreadable';
      const isCut = isUnreadable && (await lacksIndex(source).catch(() => false));
      await source.close();
      throwIfAborted(source.name, signal);
      const broken = source.whyBroken();
      if (broken !== undefined) throw broken;
      throw isCut ? withoutIndex(source.name, error) : error;
    }
  }
  return {
    decode: (source, signal, options) => open('mix', source, signal, options),
    decodeChannels: async (source, signal, options) =>
      separateChannels(await open('separate', source, signal, options)),
  };
}
