import { endianness } from 'node:os';
import type { Pcm } from '../ports.ts';

export const BYTES_PER_SAMPLE = 2;

const FULL_SCALE = 32_768;

/** s16le, as the decoders read it: full scale is -32768 to 32767, what is beyond is clipped. */
export function toSixteenBit(pcm: Pcm): Uint8Array {
  const samples = new Int16Array(pcm.length);
  for (let index = 0; index < pcm.length; index++) {
    samples[index] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(pcm[index]! * FULL_SCALE)));
  }
  const bytes = Buffer.from(samples.buffer);
  return endianness() === 'BE' ? bytes.swap16() : bytes;
}

/** The samples of s16le bytes; `toSixteenBit` gives the same bytes back. */
export function fromSixteenBit(bytes: Uint8Array): Pcm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pcm = new Float32Array(Math.floor(bytes.length / BYTES_PER_SAMPLE));
  for (let index = 0; index < pcm.length; index++) {
    pcm[index] = view.getInt16(index * BYTES_PER_SAMPLE, true) / FULL_SCALE;
  }
  return pcm;
}
