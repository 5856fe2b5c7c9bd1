import { cut } from '@murmuration/media/cut';
import { type MediaDecoderOptions, mediaDecoder } from '@murmuration/media/media-decoder';
import type { VoiceStream } from '@murmuration/media/voice/voice';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { folderCache } from '@murmuration/pipeline/cache/folder-cache';
import type { RecordingPorts } from '@murmuration/pipeline/steps/transcribe-recording';
import { createEngine } from '@murmuration/whisper/engine';
import type { Provider } from '@murmuration/whisper/execution-providers';
import { resolveLanguage } from '@murmuration/whisper/languages';
import { readManifest } from '@murmuration/whisper/load-model';
import { findModel } from '@murmuration/whisper/model-registry';
import type { Rung } from '@murmuration/whisper/read-ladder';
import { sessionsFor } from '@murmuration/whisper/sessions';
import { writeNote } from './report-failure.ts';

export interface LaptopOptions {
  /** Name or folder of a model. */
  readonly model: string;
  /** Code, English name, or `auto`. */
  readonly language?: string;
  readonly threads?: number | undefined;
  readonly batchSize?: number | undefined;
  /** Models for what the first is not sure of. @default the manifest's */
  readonly ladder?: readonly Rung[] | undefined;
  /** Where the graph runs. @default what it was built for */
  readonly provider?: Provider | undefined;
  /** Keep transcripts of segments for the next time. @default true */
  readonly cache?: boolean | undefined;
  /** Which hosts an address may name. @default 'network' */
  readonly reach?: MediaDecoderOptions['reach'];
  /** Start decoders ahead of their recordings. @default false */
  readonly startsAhead?: boolean | undefined;
  /** As `mediaDecoder` takes it. */
  readonly spoolFolder?: string | undefined;
  /** Compute in a thread of its own, for a server that is asked other things meanwhile. @default false */
  readonly answersMeanwhile?: boolean | undefined;
}

const LIVE_WINDOWS = 4;

/** The ports of this machine: its files, its processor. */
export interface Laptop {
  readonly ports: RecordingPorts;
  /** The model's code for the language that was asked for, or `auto`. */
  readonly language: string;
  /** The model's code for another language. Throws `language-unknown`. */
  readonly resolveLanguage: (written: string) => string;
  /** Listens for voices in a stream that is going on, 0.13 s at a time. */
  readonly hearVoices: () => VoiceStream;
  /** Batches of a recording that the engine should have at any time. */
  readonly batchesAtOnce: number;
  close(): Promise<void>;
}

/** Loads a model; a wrong name or language fails before that. Throws as `createEngine`, and `language-unknown`. */
export async function openLaptop({
  model,
  language = 'auto',
  threads,
  batchSize,
  ladder,
  provider,
  cache = true,
  reach,
  startsAhead,
  spoolFolder,
  answersMeanwhile = false,
}: LaptopOptions): Promise<Laptop> {
  const modelFolder = await findModel(model);
  const manifest = await readManifest(modelFolder);
  const code = resolveLanguage(language, manifest);
  const decoder = mediaDecoder({ reach, startsAhead, spoolFolder });
  const usesGpu = provider !== undefined && provider !== 'cpu';
  const sessions = usesGpu ? 1 : sessionsFor(manifest, threads);
  const engine = await createEngine({
    modelFolder,
    threads,
    batchSize,
    ladder,
    sessions,
    ...(provider !== undefined && { providers: [provider] }),
    ownThread: usesGpu || answersMeanwhile,
  });
  const voice = await createVoiceDetector();
  return {
    ports: {
      engine,
      decoder,
      cut: (blocks) => cut(blocks, { voice }),
      cache: cache ? folderCache({ onProblem: writeNote }) : undefined,
    },
    language: code,
    resolveLanguage: (written) => resolveLanguage(written, manifest),
    hearVoices: () => voice.listen(LIVE_WINDOWS),
    // One waits, so that no session does
    batchesAtOnce: sessions + 1,
    close: async () => {
      await engine.close();
      await voice.close();
    },
  };
}
