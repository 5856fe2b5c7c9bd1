import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Decoder } from '@murmuration/pipeline/ports';
import { checkMediaFile } from './check-media-file.ts';
import { DecodeMessage } from './decode-message.ts';
import { throwIfAborted, toDecodedMedia, unreadable } from './decoded-media.ts';
import { tellsOfDamage } from './find-damage.ts';
import { mediaFormats } from './media-formats.ts';
import { startPcmProcess } from './pcm-process.ts';

export interface NodeAvDecoderOptions {
  /**
   * The script of the decoding process. A bundle copies the three `node-av-*.mjs` files and names the first here.
   * @default `node-av-child.mjs` beside this file
   */
  readonly childPath?: string;
}

/**
 * FFmpeg's libraries from the npm package node-av, each file in a process of its own: a worker thread would start
 * 70 ms sooner, but a segmentation fault in it ends the whole program. A crash becomes `media-unreadable`.
 */
export function nodeAvDecoder({ childPath }: NodeAvDecoderOptions = {}): Decoder {
  const child = childPath ?? fileURLToPath(new URL('./node-av-child.mjs', import.meta.url));
  return {
    async decode(path, signal) {
      throwIfAborted(path, signal);
      await checkMediaFile(path);
      requireNodeAv(child);
      let messages: Partial<{ [Kind in DecodeMessage['kind']]: Extract<DecodeMessage, { kind: Kind }> }> = {};
      let lostPages = 0;
      let lastWords = '';
      const firstMessage = new AbortController();
      const request = JSON.stringify({ path: resolve(path), formats: mediaFormats });
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
      const decoder = startPcmProcess(process.execPath, [child, request], onLine, signal);
      await Promise.race([once(firstMessage.signal, 'abort'), decoder.closed]);
      throwIfAborted(path, signal);
      const { probed, failure } = messages;
      if (failure?.code === 'dependency-missing') throw nodeAvMissing(failure.reason);
      if (probed === undefined) throw unreadable(path, failure?.reason ?? `the decoder died: ${lastWords}`);
      decoder.release();
      return toDecodedMedia(
        path,
        probed.probed,
        decoder,
        ({ exitCode, signal: killedBy }) => ({
          damagedPackets: (messages.end?.damagedPackets ?? 0) + lostPages,
          failure:
            messages.failure?.reason ??
            (messages.end ? undefined : `the decoder died (${killedBy ?? `exit code ${exitCode}`})`),
        }),
        signal,
      );
    },
  };
}

function requireNodeAv(child: string): void {
  try {
    createRequire(child).resolve('node-av/lib');
  } catch (cause) {
    throw nodeAvMissing('it is not installed', cause);
  }
}

function nodeAvMissing(reason: string, cause?: unknown): MurmurationError {
  return new MurmurationError(
    'dependency-missing',
    `node-av cannot be used: ${reason}. install it with \`npm install node-av\``,
    { cause },
  );
}
