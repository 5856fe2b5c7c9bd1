import { join } from 'node:path';
import type { Transcriber } from '@murmuration/api/api-ports';
import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MediaSource, TranscriptCache } from '@murmuration/pipeline/ports';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import { createEngine } from '@murmuration/whisper/engine';
import { resolveLanguage } from '@murmuration/whisper/languages';
import { readManifest } from '@murmuration/whisper/load-model';

export interface LambdaTranscriberOptions {
  /** @default that of this checkout */
  readonly mediaFolder: string | undefined;
  /** Where addresses that strangers send may lead. */
  readonly reach: 'public' | 'network';
  readonly modelId: string;
  /** Answers the folder that the model is in. */
  readonly fetchModel: () => Promise<string>;
  readonly cache: TranscriptCache | undefined;
  /** How long what lies at an address is waited for. @default a minute for its header, 10 for all of it */
  readonly patience?: { readonly probeSeconds: number; readonly transcribeSeconds: number } | undefined;
}

/** A function has 15 minutes, and would end without an answer. */
const PATIENCE = { probeSeconds: 60, transcribeSeconds: 600 };

/** The engine of this function, loaded once, with the first request or before. */
export function lambdaTranscriber({
  mediaFolder,
  reach,
  modelId,
  fetchModel,
  cache,
  patience = PATIENCE,
}: LambdaTranscriberOptions): Transcriber {
  const inMedia = (file: string) => mediaFolder && join(mediaFolder, file);
  const decoder = mediaDecoder({ childPath: inMedia('node-av-child.mjs'), reach });
  const loading = (async () => {
    const modelFolder = await fetchModel();
    const [manifest, engine, voice] = await Promise.all([
      readManifest(modelFolder),
      // A request waits for this function: a second model would not be loaded in time
      createEngine({ modelFolder, ladder: [] }),
      createVoiceDetector({ modelPath: inMedia('silero-vad-v6.onnx') }),
    ]);
    return { manifest, engine, voice };
  })();
  // The first request meets its failure
  loading.catch(() => undefined);

  return {
    models: [modelId],
    async transcribe({ decoding, wordsWherePossible = false, confidential, ...request }, options) {
      const { manifest, engine, voice } = await loading;
      const wanted = {
        ...decoding,
        language: resolveLanguage(decoding.language ?? 'auto', manifest),
        words: decoding.words === true || (wordsWherePossible && engine.timesWords),
      };
      const ports = {
        decoder,
        engine,
        cache: confidential ? undefined : cache,
        cut: (blocks: Parameters<typeof cut>[0]) => cut(blocks, { voice }),
      };
      return inTime(request.source, patience.transcribeSeconds, options?.signal, (signal) =>
        transcribeRecording({ ...request, decoding: wanted }, ports, { ...options, signal }),
      );
    },
    async probe(source, signal) {
      const enough = new AbortController();
      const signals = signal === undefined ? [enough.signal] : [enough.signal, signal];
      try {
        return await inTime(source, patience.probeSeconds, AbortSignal.any(signals), async (late) => {
          return (await decoder.decode(source, late)).info;
        });
      } finally {
        enough.abort();
      }
    },
  };
}

/** Of what lies at an address of a stranger: whoever sends slowly shall not hold this function. */
async function inTime<T>(
  source: MediaSource,
  seconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!(source instanceof URL)) return work(signal);
  const late = AbortSignal.timeout(seconds * 1000);
  return work(signal === undefined ? late : AbortSignal.any([signal, late])).catch((error: unknown) => {
    if (!late.aborted || signal?.aborted) throw error;
    throw new MurmurationError(
      'media-unreadable',
      `what lies at ${source.host} was not read within ${seconds} s: send the recording by POST /v1/uploads, and make a job of it`,
      { cause: error },
    );
  });
}
