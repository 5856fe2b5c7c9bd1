import { MurmurationError } from '@murmuration/pipeline/errors';
import { type DecodedMedia, type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { declaredSeconds } from './declared-seconds.ts';
import { findDamage } from './find-damage.ts';
import type { PcmProcess, ProcessExit } from './pcm-process.ts';
import { type ProbedMedia, toMediaInfo } from './probed-media.ts';

/** What an adapter makes of its process's end. */
export interface DecodingVerdict {
  /** Packets that could not be read or decoded. */
  readonly damagedPackets: number;
  /** Why nothing that came out may be trusted, such as a crash. */
  readonly failure?: string | undefined;
}

/** Where both adapters meet: a running decoder, seen as the port's `DecodedMedia`. */
export function toDecodedMedia(
  path: string,
  probed: ProbedMedia,
  decoder: PcmProcess,
  judge: (exit: ProcessExit) => DecodingVerdict,
  signal?: AbortSignal,
): DecodedMedia {
  const warnings: string[] = [];
  async function* blocks(): AsyncGenerator<Pcm> {
    let samples = 0;
    try {
      for await (const block of decoder.blocks()) {
        samples += block.length;
        yield block;
      }
      const exit = await decoder.closed;
      throwIfAborted(path, signal);
      const { damagedPackets, failure } = judge(exit);
      if (failure !== undefined) throw unreadable(path, failure);
      if (samples === 0 && damagedPackets > 0) throw unreadable(path, 'no packet of it could be decoded');
      if (samples === 0) {
        throw new MurmurationError(
          'media-empty',
          `"${path}" holds 0 samples of audio: record or copy it again`,
          {
            details: { path },
          },
        );
      }
      const declared = await declaredSeconds(path, probed);
      const decodedSeconds = samples / SAMPLE_RATE_HERTZ;
      warnings.push(...findDamage({ decodedSeconds, declaredSeconds: declared, damagedPackets }));
    } finally {
      decoder.kill();
    }
  }
  return { info: toMediaInfo(probed, path), blocks: blocks(), warnings };
}

/** `media-unreadable` in one wording for all adapters. */
export function unreadable(path: string, reason: string): MurmurationError {
  return new MurmurationError(
    'media-unreadable',
    `cannot read "${path}" as audio or video: ${reason}. is it really a media file?`,
    { details: { path, reason } },
  );
}

export function throwIfAborted(path: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new MurmurationError('aborted', `stopped while decoding "${path}"`, { cause: signal.reason });
}
