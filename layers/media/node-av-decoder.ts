import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { DecodedMedia, Decoder } from '@murmuration/pipeline/ports';
import { DecodeMessage } from './decode-message.ts';
import { toDecodedMedia } from './decoded-media.ts';
import { tellsOfDamage } from './find-damage.ts';
import { throwIfAborted, unreadable } from './media-errors.ts';
import { mediaFormats } from './media-formats.ts';
import type { HttpReach } from './open-http.ts';
import { type PcmProcess, startPcmProcess } from './pcm-process.ts';
import { toMediaInfo } from './probed-media.ts';
import { spareProcess } from './spare-process.ts';
import { type DecodingRequest, toDecoder } from './to-decoder.ts';

export interface NodeAvDecoderOptions {
  /**
   * The script of the decoding process. A bundle copies the four `node-av-*.mjs` files and names the first here.
   * @default `node-av-child.mjs` beside this file
   */
  readonly childPath?: string | undefined;
  /** Which hosts a URL may name. @default 'network' */
  readonly reach?: HttpReach | undefined;
  /** Start a decoder for the next recording while one is decoded: where people wait for each. @default false */
  readonly startsAhead?: boolean | undefined;
  /** As `mediaDecoder` takes it. */
  readonly spoolFolder?: string | undefined;
}

/**
 * FFmpeg's libraries from the npm package node-av, each file in a process of its own: a worker thread would start
 * 70 ms sooner, but a segmentation fault in it ends the whole program. A crash ends the recording there, as
 * damage.
 */
export function nodeAvDecoder({
  childPath,
  reach,
  startsAhead = false,
  spoolFolder,
}: NodeAvDecoderOptions = {}): Decoder {
  const child = childPath ?? fileURLToPath(new URL('./node-av-child.mjs', import.meta.url));
  const spare = spareProcess(() => startPcmProcess(process.execPath, [child]));
  // While the model loads; a later start takes its time from the engine
  if (isInstalled(child)) spare.prepare();
  const takeSpare = () => {
    const taken = spare.take();
    if (startsAhead) spare.prepare();
    return taken;
  };
  return toDecoder((request) => decodeIn(takeSpare(), request), {
    reach,
    spoolFolder,
    requireInstalled() {
      if (!isInstalled(child)) throw nodeAvMissing('it is not installed');
    },
  });
}

async function decodeIn(
  decoder: PcmProcess,
  { source, channels: wanted, filter, signal }: DecodingRequest,
): Promise<DecodedMedia> {
  const { name, input, protocols } = source;
  let messages: Partial<{ [Kind in DecodeMessage['kind']]: Extract<DecodeMessage, { kind: Kind }> }> = {};
  let lostPages = 0;
  let lastWords = '';
  const firstMessage = new AbortController();
  const onLine = (line: string) => {
    if (!line.startsWith('{"kind":')) {
      // Undecodable packets are counted in the child; what the demuxer threw away is only in the log.
      if (tellsOfDamage(line)) lostPages += 1;
      lastWords = line.trim() || lastWords;
      return;
    }
    const message = DecodeMessage.parse(JSON.parse(line));
    messages = { ...messages, [message.kind]: message };
    firstMessage.abort();
  };
  const request = { input, protocols, formats: mediaFormats, channels: wanted, filter };
  decoder.start(onLine, JSON.stringify(request), signal);
  await Promise.race([once(firstMessage.signal, 'abort'), decoder.closed]);
  throwIfAborted(name, signal);
  const { probed, failure } = messages;
  if (failure?.code === 'dependency-missing') throw nodeAvMissing(failure.reason);
  if (probed === undefined) throw unreadable(name, failure?.reason ?? `the decoder died: ${lastWords}`);
  decoder.release();
  return toDecodedMedia({
    source,
    probed: probed.probed,
    process: decoder,
    channels: wanted === 'mix' ? 1 : toMediaInfo(probed.probed, name).channels,
    judge: ({ exitCode, signal: killedBy }) => ({
      damagedPackets: (messages.end?.damagedPackets ?? 0) + lostPages,
      failure:
        messages.failure?.reason ??
        (messages.end ? undefined : `the decoder died (${killedBy ?? `exit code ${exitCode}`})`),
    }),
    signal,
  });
}

function isInstalled(child: string): boolean {
  try {
    createRequire(child).resolve('node-av/lib');
    return true;
  } catch {
    return false;
  }
}

function nodeAvMissing(reason: string): MurmurationError {
  return new MurmurationError(
    'dependency-missing',
    `node-av cannot be used: ${reason}. install it with \`npm install node-av\``,
  );
}
