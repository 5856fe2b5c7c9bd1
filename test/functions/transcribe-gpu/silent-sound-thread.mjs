// Takes requests as functions/transcribe-gpu/sound/serve-sound.ts does, and answers none.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => undefined);
