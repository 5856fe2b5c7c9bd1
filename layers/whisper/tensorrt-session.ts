import { findBuiltEngine, gpuKind } from './built-engine.ts';
import type { Session } from './graph-run.ts';
import type { Model } from './load-model.ts';
import { openSession, type SessionOptions } from './session.ts';

export interface TensorRtPorts {
  readonly openSession: typeof openSession;
  readonly gpuKind: typeof gpuKind;
  readonly warn: (message: string) => void;
}

const ports: TensorRtPorts = {
  openSession,
  gpuKind,
  warn: (message) => process.emitWarning(message, { code: 'MURMURATION_TENSORRT' }),
};

/**
 * The model with its encoder as a TensorRT engine, where one was built for this GPU and TensorRT is installed; else on CUDA,
 * with a warning. Engines are built ahead: onnxruntime's binding for Node can be told neither precision nor shapes nor a
 * place for its cache, and building takes minutes.
 */
export async function openTensorRtSession(
  model: Model,
  options: SessionOptions & { readonly batchSize: number },
  { openSession, gpuKind, warn }: TensorRtPorts = ports,
): Promise<Session> {
  const found = await findBuiltEngine(model, await gpuKind(options.deviceId), options.batchSize);
  const onCuda = (problem: string, advice: string) => {
    warn(`model ${model.manifest.id} runs on CUDA without TensorRT: ${problem}; ${advice}`);
    return openSession(model, { ...options, providers: ['cuda'] });
  };
  if ('problem' in found) {
    return onCuda(found.problem, `build it with "npm run model -- build-engine ${model.manifest.id}"`);
  }
  try {
    return await openSession({ ...model, graphPath: found.graphPath }, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return onCuda(
      reason,
      'its engine needs libnvinfer.so.10 and libnvonnxparser.so.10 of the TensorRT that built it, on LD_LIBRARY_PATH',
    );
  }
}
