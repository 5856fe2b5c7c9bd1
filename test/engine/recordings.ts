import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mediaDecoder } from '@murmuration/media/media-decoder';

const folder = new URL('../fixtures/audio/', import.meta.url);

export const tinyModel = fileURLToPath(
  new URL('../../models/artifacts/whisper-tiny.en-int8', import.meta.url),
);

/** A recording of the fixtures as 16 kHz mono, its first 30 s at most. */
export async function recording(name: string): Promise<Float32Array> {
  const { blocks } = await mediaDecoder().decode(fileURLToPath(new URL(name, folder)));
  const parts: Float32Array[] = [];
  for await (const block of blocks) parts.push(block.slice());
  const pcm = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    pcm.set(part, at);
    at += part.length;
  }
  return pcm.subarray(0, 480_000);
}

/** What a person hears in a recording. */
export function reference(name: string): string {
  const lines = readFileSync(new URL('references.jsonl', folder), 'utf8').trim().split('\n');
  const line = lines.map((text) => JSON.parse(text)).find((entry) => entry.file === name);
  return line.text;
}

/** Lower-case words without punctuation, as word error rates compare them. */
export function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
