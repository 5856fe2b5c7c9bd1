import { createInterface } from 'node:readline';
import { cut } from '@murmuration/media/cut';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import { createEngine } from '@murmuration/whisper/engine';
import { readManifest } from '@murmuration/whisper/load-model';
import { findModel } from '@murmuration/whisper/model-registry';
import { sessionsFor } from '@murmuration/whisper/sessions';
import { timedEngine } from '../../functions/cli/timed-engine.ts';

// murmuration-contestant.ts MODEL THREADS: see contestant.ts
const [model = '', threads = '2', options = '{}'] = process.argv.slice(2);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const loadStarted = performance.now();
const modelFolder = await findModel(model);
const sessions = sessionsFor(await readManifest(modelFolder), Number(threads));
const engine = await createEngine({
  modelFolder,
  threads: Number(threads),
  sessions,
  spinning: true,
});
const voice = await createVoiceDetector();
print({ loadMilliseconds: performance.now() - loadStarted });

const decoder = mediaDecoder();
const timed = timedEngine(engine);
for await (const path of createInterface({ input: process.stdin })) {
  const before = timed.busySeconds();
  const started = performance.now();
  const { transcript } = await transcribeRecording(
    { source: path, decoding: { language: 'en', ...JSON.parse(options) }, batchesAtOnce: sessions + 1 },
    { engine: timed, decoder, cut: (blocks) => cut(blocks, { voice }) },
  );
  print({
    text: transcript.text,
    words: transcript.segments.flatMap((segment) => segment.words ?? []),
    engineMilliseconds: (timed.busySeconds() - before) * 1000,
    totalMilliseconds: performance.now() - started,
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
  });
}
await engine.close();
await voice.close();
