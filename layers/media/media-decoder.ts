import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Decoder } from '@murmuration/pipeline/ports';
import { ffmpegDecoder } from './ffmpeg-decoder.ts';
import { nodeAvDecoder } from './node-av-decoder.ts';
import type { HttpReach } from './open-http.ts';

export interface MediaDecoderOptions {
  /**
   * A path to `ffmpeg` that the user chose; it then goes first.
   * @default the environment's MURMURATION_FFMPEG
   */
  readonly ffmpegPath?: string | undefined;
  /** As `nodeAvDecoder` takes it, where the code is bundled. */
  readonly childPath?: string | undefined;
  /** Which hosts a URL may name: `public` for addresses that strangers send. @default 'network' */
  readonly reach?: HttpReach | undefined;
  /** As `nodeAvDecoder` takes it: for servers. @default false */
  readonly startsAhead?: boolean | undefined;
  /** For streams, and addresses that give no ranges. @default the system's folder for temporary files */
  readonly spoolFolder?: string | undefined;
}

/** The first decoder that this machine has: node-av, then `ffmpeg` on PATH. Throws `dependency-missing` for none. */
export function mediaDecoder({
  ffmpegPath = process.env['MURMURATION_FFMPEG'],
  childPath,
  reach,
  startsAhead,
  spoolFolder,
}: MediaDecoderOptions = {}): Decoder {
  return firstInstalled(
    ffmpegPath
      ? [ffmpegDecoder(ffmpegPath, { reach, spoolFolder })]
      : [
          nodeAvDecoder({ childPath, reach, startsAhead, spoolFolder }),
          ffmpegDecoder('ffmpeg', { reach, spoolFolder }),
        ],
  );
}

/** Tries decoders in order until one does not answer `dependency-missing`. */
export function firstInstalled(decoders: readonly Decoder[]): Decoder {
  async function first<Media>(decode: (decoder: Decoder) => Promise<Media>): Promise<Media> {
    const missing: string[] = [];
    for (const decoder of decoders) {
      try {
        return await decode(decoder);
      } catch (error) {
        if (!(error instanceof MurmurationError) || error.code !== 'dependency-missing') throw error;
        missing.push(error.message);
      }
    }
    throw new MurmurationError(
      'dependency-missing',
      'no media decoder found: run `npm install node-av` (GPLv3, 180 MB), or install ffmpeg, or set MURMURATION_FFMPEG to its path',
      { details: { missing } },
    );
  }
  return {
    decode: (...request) => first((decoder) => decoder.decode(...request)),
    decodeChannels: (...request) => first((decoder) => decoder.decodeChannels(...request)),
  };
}
