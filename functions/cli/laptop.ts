import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import type { RecordingPorts } from '@murmuration/pipeline/steps/transcribe-recording';
import { createEngine } from '@murmuration/whisper/engine';
import { resolveLanguage } from '@murmuration/whisper/languages';
import { readManifest } from '@murmuration/whisper/load-model';
import { findModel } from '@murmuration/whisper/model-registry';

export interface LaptopOptions {
  /** Name or folder of a model. */
  readonly model: string;
  /** Code, English name, or `auto`. */
  readonly language?: string;
  readonly threads?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** The ports of this machine: its files, its processor. */
export interface Laptop {
  readonly ports: RecordingPorts;
  /** The model's code for the language that was asked for, or `auto`. */
  readonly language: string;
  /** Whether the model can time words. */
  readonly timesWords: boolean;
  close(): Promise<void>;
}

/** Loads a model; a wrong name or language fails before that. Throws as `createEngine`, and `language-unknown`. */
export async function openLaptop({
  model,
  language = 'auto',
  threads,
  batchSize,
}: LaptopOptions): Promise<Laptop> {
  const modelFolder = await findModel(model);
  const manifest = await readManifest(modelFolder);
  const code = resolveLanguage(language, manifest);
  const engine = await createEngine({ modelFolder, threads, batchSize });
  return {
    ports: { engine, decoder: mediaDecoder(), cut },
    language: code,
    timesWords: manifest.alignmentHeads.length > 0,
    close: () => engine.close(),
  };
}
