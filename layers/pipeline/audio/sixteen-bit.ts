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

/** So many samples are in s16le bytes; half a one at their end counts for nothing. */
export function samplesIn(bytes: Uint8Array): number {
  return Math.floor(bytes.length / BYTES_PER_SAMPLE);
}

/** The samples of s16le bytes; `toSixteenBit` gives the same bytes back. */
export function fromSixteenBit(bytes: Uint8Array): Pcm {
  return fillFromSixteenBit(bytes, new Float32Array(samplesIn(bytes)));
}

/** As `fromSixteenBit`, in memory that is there: `into` holds so many samples. */
export function fillFromSixteenBit(bytes: Uint8Array, into: Pcm): Pcm {
  const samples = asSixteenBit(bytes);
  for (let index = 0; index < samples.length; index++) into[index] = samples[index]! / FULL_SCALE;
  return into;
}

/** A view where this machine can read them as they lie: one by one through a DataView takes twice as long. */
function asSixteenBit(bytes: Uint8Array): Int16Array {
  const isReadable = endianness() === 'LE' && bytes.byteOffset % BYTES_PER_SAMPLE === 0;
  const { buffer, byteOffset } = isReadable ? bytes : inOwnOrder(bytes);
  return new Int16Array(buffer, byteOffset, samplesIn(bytes));
}

function inOwnOrder(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(samplesIn(bytes) * BYTES_PER_SAMPLE);
  copy.set(bytes.subarray(0, copy.length));
  if (endianness() === 'BE') Buffer.from(copy.buffer).swap16();
  return copy;
}
