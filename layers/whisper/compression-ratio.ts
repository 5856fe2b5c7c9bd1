import { deflateSync } from 'node:zlib';

/** UTF-8 bytes over zlib bytes, as openai/whisper's utils.py: above 2.4 a text repeats itself. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length / deflateSync(bytes).length;
}
