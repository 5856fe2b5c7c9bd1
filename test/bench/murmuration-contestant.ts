import { createInterface } from 'node:readline';
import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import type { Engine } from '@murmuration/pipeline/ports';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import { createEngine } from '@murmuration/whisper/engine';
import { findModel } from '@murmuration/whisper/model-registry';

// murmuration-contestant.ts MODEL THREADS: see contestant.ts
const [model = '', threads = '2', options = '{}'] = process.argv.slice(2);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const loadStarted = performance.now();
const engine = await createEngine({
  modelFolder: await findModel(model),
  threads: Number(threads),
  spinning: true,
});
const voice = await createVoiceDetector();
print({ loadMilliseconds: performance.now() - loadStarted });

const decoder = mediaDecoder();
let engineMilliseconds = 0;
const timed: Engine = {
  ...engine,
  async transcribe(...request) {
    const started = performance.now();
    const heard = await engine.transcribe(...request);
    engineMilliseconds += performance.now() - started;
    return heard;
  },
};
for await (const path of createInterface({ input: process.stdin })) {
  engineMilliseconds = 0;
  const started = performance.now();
  const { transcript } = await transcribeRecording(
    { source: path, decoding: { language: 'en', ...JSON.parse(options) }, allowDamaged: true },
    { engine: timed, decoder, cut: (blocks) => cut(blocks, { voice }) },
  );
  print({
    text: transcript.text,
    engineMilliseconds,
    totalMilliseconds: performance.now() - started,
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
  });
}
await engine.close();
await voice.close();
