import { z } from 'zod';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const ModelId = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/);

/** Word error of a model on one evaluation set, in percent, with the Whisper normaliser. */
const WordError = z.strictObject({
  set: z.string(),
  clips: z.int().positive(),
  words: z.int().positive(),
  wordErrorPercent: z.number().nonnegative(),
  characterErrorPercent: z.number().nonnegative(),
});

const Figure = z.union([z.number(), z.string(), z.boolean()]);

/** How the weights were made from others. */
const Recipe = z.strictObject({
  /** Of the file under models/recipes, and its hash. */
  name: z.string().min(1).optional(),
  sha256: Sha256.optional(),
  /** In order, each with what it reports. */
  steps: z.array(z.object({ step: z.string().min(1) }).catchall(z.union([Figure, z.array(Figure)]))),
  /** Of the training manifest; of the manifests' hashes in order where there are several. */
  trainedOn: Sha256.optional(),
});

/** What was measured of a model besides its word errors. */
const Figures = z.strictObject({
  /** Tensors that share their numbers counted once. */
  parameters: z.int().positive(),
  speed: z.array(
    z.strictObject({
      device: z.enum(['cpu', 'cuda']),
      hardware: z.string().min(1),
      timesRealTime: z.number().positive(),
      /** The model that was measured in turn with this one. */
      baseline: ModelId,
      timesBaseline: z.number().positive(),
    }),
  ),
  noise: z.array(
    z.strictObject({
      set: z.string(),
      clips: z.int().positive(),
      inventedWords: z.int().nonnegative(),
    }),
  ),
});

/** The model that hears a segment again where the average log-probability of the one before is below the limit. */
const Rung = z.strictObject({ model: ModelId, averageLogprobBelow: z.number().max(0) });

/** `manifest.json` beside a graph: all the engine needs to know of a model. `models/manifest.py` is its Python twin. */
export const Manifest = z.strictObject({
  format: z.literal(1),
  /** Also the folder's name, e.g. `whisper-tiny.en-int8`. */
  id: ModelId,
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
    /** `mixed`: not the same in all layers. */
    precision: z.enum(['fp32', 'fp16', 'int8', 'int4', 'mixed']),
    opset: z.int().positive(),
    /** Of steps as CUDA graphs; else in the graph's own type. */
    crossAttentionCache: z.literal('int8').optional(),
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
  recipe: Recipe.optional(),
  figures: Figures.optional(),
  /** Models for segments that this one is not sure of, from the next to the last. */
  ladder: z.array(Rung).optional(),
});
export type Manifest = z.infer<typeof Manifest>;
