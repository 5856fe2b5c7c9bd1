import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/pipeline/errors';
import '@murmuration/pipeline/no-telemetry';
import { InferenceSession } from 'onnxruntime-node';
import type { VoiceDetector } from './voice.ts';
import { voiceStream } from './voice-stream.ts';

export interface VoiceDetectorOptions {
  /** Silero VAD v6 as ONNX. @default the file beside this layer's code */
  readonly modelPath?: string | undefined;
  /** Threads of one run; more than one is slower, the model is small. @default 1 */
  readonly threads?: number | undefined;
}

const OWN_MODEL = new URL('../silero-vad-v6.onnx', import.meta.url);

/** Loads Silero VAD v6. Throws `model-not-found` or `model-corrupt`. */
export async function createVoiceDetector({
  modelPath = fileURLToPath(OWN_MODEL),
  threads = 1,
}: VoiceDetectorOptions = {}): Promise<VoiceDetector> {
  const details = { modelPath };
  await access(modelPath).catch((cause: unknown) => {
    throw new MurmurationError(
      'model-not-found',
      `no voice detector at "${modelPath}": give the path of silero-vad-v6.onnx`,
      { details, cause },
    );
  });
  try {
    const session = await InferenceSession.create(modelPath, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      enableCpuMemArena: false,
      logSeverityLevel: 3,
    });
    return { listen: (runWindows) => voiceStream(session, runWindows), close: () => session.release() };
  } catch (cause) {
    throw new MurmurationError(
      'model-corrupt',
      `"${modelPath}" cannot be loaded as voice detector: copy silero-vad-v6.onnx again`,
      { details, cause },
    );
  }
}
