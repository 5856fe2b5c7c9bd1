import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@murmuration/whisper/manifest';
import { createTokenizer } from '@murmuration/whisper/tokenizer';

/** A vocabulary of the 256 bytes and two merges: token = byte, but for " h" and "el". */
export function tokenizerJson() {
  const characters: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    characters.push(String.fromCodePoint(printable ? byte : next++));
  }
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 258,
        content: '<|endoftext|>',
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      vocab: Object.fromEntries([...characters, 'Ġh', 'el'].map((piece, token) => [piece, token])),
      merges: ['Ġ h', 'e l'],
    },
  };
}

export const byteTokenizer = () => createTokenizer(tokenizerJson(), 258);

/** Byte tokens of plain ASCII text, unmerged. */
export const bytesOf = (text: string) => [...Buffer.from(text, 'utf8')];

export function manifestOf(fields: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    id: 'whisper-toy',
    source: { kind: 'huggingface', name: 'toy', sha256: '0'.repeat(64), licence: 'MIT' },
    dimensions: {
      mels: 80,
      audioContext: 1500,
      textContext: 448,
      width: 8,
      encoderLayers: 1,
      encoderHeads: 1,
      decoderLayers: 1,
      decoderHeads: 1,
      vocabulary: 1769,
    },
    languages: { en: 260, de: 261, ja: 262 },
    tokens: {
      endOfText: 258,
      startOfTranscript: 259,
      translate: 263,
      transcribe: 264,
      startOfPrevious: 265,
      noSpeech: 266,
      noTimestamps: 267,
      timestampBegin: 268,
    },
    suppress: [1, 2],
    suppressAtBegin: [32, 258],
    alignmentHeads: [[0, 0]],
    graph: { file: 'model.onnx', target: 'cpu', precision: 'fp32', opset: 20 },
    files: {},
    verified: null,
    wordErrors: [],
    ...fields,
  };
}

export const englishOnly = () => manifestOf({ id: 'whisper-toy.en', languages: {} });

/** A folder as the tool chain writes it, with a graph that is not one. */
export async function modelFolderOf(manifest: Manifest = manifestOf()): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-model-'));
  const files = { 'model.onnx': 'not a graph', 'tokenizer.json': JSON.stringify(tokenizerJson()) };
  const described = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      { sha256: createHash('sha256').update(text).digest('hex'), sizeBytes: Buffer.byteLength(text) },
    ]),
  );
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, files: described }));
  return folder;
}
