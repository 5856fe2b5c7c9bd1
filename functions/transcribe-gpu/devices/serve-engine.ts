import { parentPort, workerData } from 'node:worker_threads';
import type { SettledSegment } from '@murmuration/pipeline/ports';
import { createEngine } from '@murmuration/whisper/engine';
import { toPlain } from '../plain-error.ts';
import { openGpuSession } from './open-gpu-session.ts';
import type { EngineAnswer, EngineRequest, EngineSetup } from './thread-messages.ts';

const port = parentPort!;
const answer = (message: EngineAnswer) => port.postMessage(message);

try {
  const { gpu, ...options }: EngineSetup = workerData;
  const engine = await createEngine(
    options,
    gpu && { openSession: (...given) => openGpuSession(...given, gpu) },
  );
  const { modelId, modelSha256, timesWords } = engine;
  port.on('message', async (request: EngineRequest) => {
    if (request.kind === 'close') {
      await engine.close();
      port.close();
      return;
    }
    const { id, segments, decoding } = request;
    try {
      const settled = (segments: readonly SettledSegment[]) => answer({ kind: 'settled', id, segments });
      const transcripts = await engine.transcribe(segments, decoding, undefined, settled);
      answer({ kind: 'heard', id, transcripts });
    } catch (error) {
      answer({ kind: 'failed', id, error: toPlain(error) });
    }
  });
  answer({ kind: 'ready', model: { modelId, modelSha256, timesWords } });
} catch (error) {
  answer({ kind: 'broken', error: toPlain(error) });
}
