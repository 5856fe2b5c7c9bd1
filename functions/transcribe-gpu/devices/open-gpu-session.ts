import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Session } from '@murmuration/whisper/graph-run';
import type { Model } from '@murmuration/whisper/load-model';
import { openSession, type SessionOptions } from '@murmuration/whisper/session';
import { openTensorRtSession } from '@murmuration/whisper/tensorrt-session';
import { hasCapturedGraphs, openCapturedSession } from './captured/open-captured-session.ts';

export interface GpuOptions {
  /** Steps of the decoder as CUDA graphs, where the model has the graphs for it. */
  readonly cudaGraphs: boolean;
  /** Most that onnxruntime may take for what each graph computes; weights and the state of the steps are not counted. */
  readonly arenaBytes: number | undefined;
  /** Of all sessions of the process: one captures at a time. */
  readonly captureLock?: SharedArrayBuffer | undefined;
}

export interface GpuSessions {
  readonly openCapturedSession: typeof openCapturedSession;
  readonly openSession: typeof openSession;
  readonly openTensorRtSession: typeof openTensorRtSession;
  readonly warn: (message: string) => void;
}

const own: GpuSessions = {
  ...{ openCapturedSession, openSession, openTensorRtSession },
  warn: (message) => process.emitWarning(message, { code: 'MURMURATION_CUDA_GRAPHS' }),
};

/** The session of an engine on a GPU, or wherever else its options say. Throws as `openSession`. */
export async function openGpuSession(
  model: Model,
  options: SessionOptions & { readonly batchSize: number },
  { cudaGraphs, arenaBytes, captureLock }: GpuOptions,
  sessions: GpuSessions = own,
): Promise<Session> {
  const { providers = [model.manifest.graph.target], deviceId = 0 } = options;
  if (providers.includes('tensorrt')) return sessions.openTensorRtSession(model, options);
  if (!cudaGraphs || !providers.includes('cuda') || !hasCapturedGraphs(model.manifest)) {
    return sessions.openSession(model, options);
  }
  const cuda = arenaBytes === undefined ? undefined : { gpu_mem_limit: String(arenaBytes) };
  try {
    return await sessions.openCapturedSession(model, { provider: 'cuda', deviceId, cuda, captureLock });
  } catch (error) {
    // What the loop would meet as well
    if (!(error instanceof MurmurationError) || error.code !== 'internal' || error.details['fatal'] === true)
      throw error;
    sessions.warn(`model ${model.manifest.id} runs without CUDA graphs: ${error.message}`);
    return sessions.openSession(model, options);
  }
}
