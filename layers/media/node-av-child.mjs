// @ts-check
/*
 * The process in which node-av decodes, so that hostile media can take down this process only. Plain JavaScript,
 * because a TypeScript loader would add 200 ms to each start.
 * stdin: JSON { input, protocols, formats, channels, filter }; it ends without any where no request will come.
 * stdout: 16 kHz f32le. stderr: one JSON message per line, see decode-message.ts, between lines of FFmpeg's log.
 */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';

const CHUNK_BYTES = 64_000;
/** node-av frees native memory only between turns of the event loop: without them 10 h of audio take 800 MB. */
const PACKETS_PER_TURN = 1_024;

/** @param {import('./decode-message.ts').DecodeMessage} message */
const say = (message) => process.stderr.write(`${JSON.stringify(message)}\n`);

/** @param {unknown} error */
const reason = (error) => (error instanceof Error ? error.message : String(error));

const av = await import('node-av/lib').catch((error) => {
  say({ kind: 'failure', code: 'dependency-missing', reason: reason(error) });
  process.exit(1);
});

try {
  const { AV_LOG_ERROR } = await import('node-av/constants');
  const { openMedia, readAudio } = await import('./node-av-read.mjs');
  av.Log.setLevel(AV_LOG_ERROR);
  // Last of all: a decoder may be started long before it is needed
  const asked = await text(process.stdin);
  if (asked === '') process.exit();
  const request = JSON.parse(asked);
  const { format, stream, probed } = openMedia(request);
  say({ kind: 'probed', probed });
  const tally = { damagedPackets: 0 };
  const channels = request.channels === 'mix' ? 1 : (probed.audio?.channels ?? 1);
  if (stream) await send(readAudio(format, stream, { channels, filter: request.filter }, tally));
  say({ kind: 'end', ...tally });
} catch (error) {
  say({ kind: 'failure', code: 'media-unreadable', reason: reason(error) });
  process.exitCode = 1;
}

/** @param {Iterable<Buffer | undefined>} sound one item per packet */
async function send(sound) {
  /** @type {Buffer[]} */
  let held = [];
  let heldBytes = 0;
  let packets = 0;
  for (const pcm of sound) {
    packets += 1;
    if (packets % PACKETS_PER_TURN === 0) await setImmediate();
    if (!pcm) continue;
    held.push(pcm);
    heldBytes += pcm.length;
    if (heldBytes < CHUNK_BYTES) continue;
    if (!process.stdout.write(Buffer.concat(held))) await once(process.stdout, 'drain');
    held = [];
    heldBytes = 0;
  }
  process.stdout.write(Buffer.concat(held));
}
