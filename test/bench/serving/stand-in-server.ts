import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createApp } from '../../../functions/transcribe-gpu/create-app.ts';
import { openThreadedEngine } from '../../../functions/transcribe-gpu/devices/threaded-engine.ts';
import { listen } from '../../../functions/transcribe-gpu/listen.ts';
import { startTranscriber } from '../../../functions/transcribe-gpu/start-transcriber.ts';
import { createTelemetry } from '../../../functions/transcribe-gpu/telemetry.ts';
import { tinyModel } from '../../engine/recordings.ts';

/** What it serves with, as JSON in the first argument. */
export interface StandInServer {
  readonly devices: number;
  /** Of a batch, as `calibrate` counts it. */
  readonly fixedMilliseconds: number;
  readonly millisecondsPerSegment: number;
}

// The server as functions/transcribe-gpu/main.ts wires it, but for its devices: as many stand-ins as were asked for
const { devices, ...standIn }: StandInServer = JSON.parse(process.argv[2]!);
const log = pino();
const telemetry = createTelemetry();
const thread = new URL('./stand-in-thread.mjs', import.meta.url);
const transcriber = await startTranscriber(
  {
    ...{ bucket: 'recordings', modelFolder: tinyModel, provider: 'cuda', mostSegments: undefined },
    ...{ sessionsPerGpu: 1, cudaGraphs: false, arenaBytes: undefined, latencyTargetMilliseconds: 2000 },
    ...{ gatherMilliseconds: 5, stallMilliseconds: 300_000 },
  },
  {
    telemetry,
    // One that keeps nothing: its keys are made all the same
    cache: { get: async () => undefined, set: async () => undefined },
    onFatal: (error) => {
      throw error;
    },
    gpus: Array.from({ length: devices }, (_, deviceId) => ({
      ...{ deviceId, uuid: `GPU-${deviceId}`, name: 'stand-in', totalBytes: 0, freeBytes: 0 },
    })),
    openEngine: () => openThreadedEngine(standIn, thread),
  },
);
const app = createApp(
  { mostBodyBytes: 4 << 20, mostRequests: 1024, requestSeconds: 300 },
  { unready: () => undefined, answer: transcriber.answer, telemetry, log, newId: randomUUID },
);
const { port } = await listen(app, 0, '127.0.0.1');
log.info({ port }, 'ready');
// Not killed: a profile is written at the end
process.once('SIGTERM', () => process.exit(0));
