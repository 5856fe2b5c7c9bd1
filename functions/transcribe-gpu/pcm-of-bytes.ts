import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Pcm } from '@murmuration/pipeline/ports';

/** s16le as samples, in memory that threads share: no copy is made for the engine's. Throws `audio-invalid`. */
export function pcmOfBytes(bytes: Uint8Array): Pcm {
  if (bytes.length % 2 !== 0) {
    throw new MurmurationError(
      'audio-invalid',
      `${bytes.length} bytes are no 16-bit samples: send s16le, 16 kHz, mono`,
    );
  }
  const length = bytes.length / 2;
  const pcm = new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
  // Ranges of a larger buffer may begin at an odd address, where no Int16Array can stand
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const samples = new Int16Array(aligned.buffer, aligned.byteOffset, length);
  for (let i = 0; i < length; i++) pcm[i] = samples[i]! / 32_768;
  return pcm;
}
