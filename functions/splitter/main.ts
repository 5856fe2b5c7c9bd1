import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logFacts } from '@murmuration/pipeline/jobs/log-facts';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { type PortsOf, runStep } from '@murmuration/pipeline/pipeline';
import { SplitterEnv } from './env.ts';

const env = parseEnvironment(SplitterEnv);
const logger = new Logger({ serviceName: 'splitter', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const inMedia = (file: string) => env.MEDIA_FOLDER && join(env.MEDIA_FOLDER, file);
const kinds = ['media-uploaded', 'window', 'windows-cut'] as const;
const listening = createVoiceDetector({ modelPath: inMedia('silero-vad-v6.onnx') });
// Who cuts first meets its failure
listening.catch(() => undefined);
const ports: PortsOf<(typeof kinds)[number]> = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
  clock: Date.now,
  decoder: mediaDecoder({ childPath: inMedia('node-av-child.mjs') }),
  async *cut(blocks) {
    yield* cut(blocks, { voice: await listening });
  },
  model: env.MODEL_ID,
};

export async function handler(event: unknown) {
  logJob(logger, event);
  const answer = await trace(event, () => runStep(kinds, event, ports));
  logger.info(answer.kind, logFacts(answer));
  return answer;
}
