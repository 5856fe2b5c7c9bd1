import { z } from 'zod';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Word error of a model on one evaluation set, in percent, with the Whisper normaliser. */
const WordError = z.strictObject({
  set: z.string(),
  clips: z.int().positive(),
  words: z.int().positive(),
  wordErrorPercent: z.number().nonnegative(),
  characterErrorPercent: z.number().nonnegative(),
});

/** `manifest.json` beside a graph: all the engine needs to know of a model. `models/manifest.py` is its Python twin. */
export const Manifest = z.strictObject({
  format: z.literal(1),
  /** Also the folder's name, e.g. `whisper-tiny.en-int8`. */
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  source: z.strictObject({
    kind: z.enum(['huggingface', 'ctranslate2']),
    /** Hub id, package or folder name; never a path of the machine that built it. */
    name: z.string().min(1),
    /** Of the weights file; for sharded weights, of the shards' hashes in order. */
    sha256: Sha256,
    licence: z.string().min(1),
  }),
  dimensions: z.strictObject({
    mels: z.int().positive(),
    audioContext: z.int().positive(),
    textContext: z.int().positive(),
    width: z.int().positive(),
    encoderLayers: z.int().positive(),
    encoderHeads: z.int().positive(),
    decoderLayers: z.int().positive(),
    decoderHeads: z.int().positive(),
    vocabulary: z.int().positive(),
  }),
  /** Language code → token; empty for an English-only model. */
  languages: z.record(z.string(), z.int().nonnegative()),
  tokens: z.strictObject({
    endOfText: z.int().nonnegative(),
    startOfTranscript: z.int().nonnegative(),
    translate: z.int().nonnegative(),
    transcribe: z.int().nonnegative(),
    startOfPrevious: z.int().nonnegative(),
    noSpeech: z.int().nonnegative(),
    noTimestamps: z.int().nonnegative(),
    timestampBegin: z.int().nonnegative(),
  }),
  suppress: z.array(z.int().nonnegative()),
  suppressAtBegin: z.array(z.int().nonnegative()),
  /** Decoder layer and head of each attention that follows the audio. */
  alignmentHeads: z.array(z.tuple([z.int().nonnegative(), z.int().nonnegative()])),
  graph: z.strictObject({
    file: z.string().min(1),
    /** `cpu` graphs take rows of any length; `cuda` graphs take rows padded to one length. */
    target: z.enum(['cpu', 'cuda']),
    precision: z.enum(['fp32', 'fp16', 'int8', 'int4']),
    opset: z.int().positive(),
  }),
  /** Every file beside the manifest, by name. */
  files: z.record(z.string(), z.strictObject({ sha256: Sha256, sizeBytes: z.int().positive() })),
  /** Written by `verify`: tokens compared with a reference implementation on the same weights. */
  verified: z
    .strictObject({
      reference: z.string(),
      clips: z.int().positive(),
      clipsEqual: z.int().nonnegative(),
      tokenErrorPercent: z.number().nonnegative(),
      tolerancePercent: z.number().nonnegative(),
    })
    .nullable(),
  wordErrors: z.array(WordError),
});
export type Manifest = z.infer<typeof Manifest>;
