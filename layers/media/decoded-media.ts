import { MurmurationError } from '@murmuration/pipeline/errors';
import { type DecodedMedia, type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { checkFinite } from './check-finite.ts';
import { declaredSeconds } from './declared-seconds.ts';
import { findDamage } from './find-damage.ts';
import { findEncryption } from './find-encryption.ts';
import { hasTornEnd } from './has-torn-end.ts';
import { encrypted, throwIfAborted, unreadable } from './media-errors.ts';
import type { OpenedSource } from './opened-source.ts';
import type { PcmProcess, ProcessExit } from './pcm-process.ts';
import { type ProbedMedia, toMediaInfo } from './probed-media.ts';

/** Below this a file that breaks off is no recording to transcribe. */
const LEAST_HEARD_SECONDS = 1;

/** What an adapter makes of its process's end. */
export interface DecodingVerdict {
  /** Packets that could not be read or decoded. */
  readonly damagedPackets: number;
  /** What ended it before its source did, such as a crash. */
  readonly failure?: string | undefined;
}

/** A decoding process that has said what is in its source and is about to send the sound. */
export interface RunningDecoder {
  readonly source: OpenedSource;
  readonly probed: ProbedMedia;
  readonly process: PcmProcess;
  /** Of what the process sends: 1 where it mixes. */
  readonly channels: number;
  /** Silence before its first sample. */
  readonly lateSamples?: number | undefined;
  readonly judge: (exit: ProcessExit) => DecodingVerdict;
  readonly signal: AbortSignal | undefined;
}

/** Where both adapters meet: a running decoder, seen as the port's `DecodedMedia`; samples of channels take turns. */
export async function toDecodedMedia({
  source,
  probed,
  process,
  channels,
  lateSamples,
  judge,
  signal,
}: RunningDecoder): Promise<DecodedMedia> {
  const { name } = source;
  const info = toMediaInfo(probed, name);
  const { bytes } = source;
  const encryption = bytes && (await findEncryption(bytes, info.container));
  if (encryption !== undefined) {
    process.kill();
    throw encrypted(name, encryption);
  }
  const declared = await declaredSeconds(source, probed);
  const isTorn = bytes !== undefined && (await hasTornEnd(bytes, info.container));
  // Also where nobody reads the blocks
  void process.gone.then(() => source.close());
  const warnings: string[] = [];
  async function* blocks(): AsyncGenerator<Pcm> {
    let samples = 0;
    try {
      for await (const block of process.blocks(channels, lateSamples)) {
        checkFinite(block, name, samples, channels);
        samples += block.length / channels;
        yield block;
      }
      const exit = await process.closed;
      throwIfAborted(name, signal);
      const { damagedPackets, failure } = judge(exit);
      const broken = source.whyBroken() ?? (failure === undefined ? undefined : unreadable(name, failure));
      const heardSeconds = (samples - (lateSamples ?? 0)) / SAMPLE_RATE_HERTZ;
      if (broken !== undefined && !(isDamage(broken) && heardSeconds >= LEAST_HEARD_SECONDS)) throw broken;
      if (samples === 0 && damagedPackets > 0) throw unreadable(name, 'no packet of it could be decoded');
      if (samples === 0) {
        throw new MurmurationError(
          'media-empty',
          `"${name}" holds 0 samples of audio: record or copy it again`,
          { details: { path: name } },
        );
      }
      const decodedSeconds = samples / SAMPLE_RATE_HERTZ;
      const brokenBy = broken?.details['reason'];
      warnings.push(
        ...findDamage({ decodedSeconds, declaredSeconds: declared, damagedPackets, isTorn, brokenBy }),
      );
    } finally {
      process.kill();
      await source.close();
    }
  }
  return { info, blocks: blocks(), warnings };
}

/** What a store says in its own words, as "try again", is for its caller to act on: a transcript would hide it. */
function isDamage({ code }: MurmurationError): boolean {
  return code === 'media-unreadable';
}

/** Blocks in which the channels' samples take turns become blocks of one `Pcm` per channel. */
export function separateChannels({ info, blocks, warnings }: DecodedMedia): DecodedMedia<readonly Pcm[]> {
  const { channels } = info;
  async function* separated(): AsyncGenerator<readonly Pcm[]> {
    for await (const block of blocks) {
      const parts = Array.from({ length: channels }, () => new Float32Array(block.length / channels));
      for (const [channel, part] of parts.entries()) {
        for (let sample = 0; sample < part.length; sample += 1) {
          part[sample] = block[sample * channels + channel]!;
        }
      }
      yield parts;
    }
  }
  return { info, blocks: separated(), warnings };
}
