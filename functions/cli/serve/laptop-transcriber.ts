import { availableParallelism } from 'node:os';
import type { Transcriber } from '@murmuration/api/api-ports';
import { recentSpeed } from '@murmuration/api/recent-speed';
import { throwIfAborted } from '@murmuration/pipeline/errors';
import { transcribeRecording } from '@murmuration/pipeline/steps/transcribe-recording';
import pLimit from 'p-limit';
import type { Laptop } from '../laptop.ts';

/** This machine's model as the API's port: as many recordings at once as it has processors, the others wait. */
export function laptopTranscriber(laptop: Laptop): Transcriber {
  const { ports, batchesAtOnce, resolveLanguage } = laptop;
  const speed = recentSpeed();
  const limit = pLimit(Math.max(2, availableParallelism()));
  return {
    models: [ports.engine.modelId],
    async transcribe({ decoding, wordsWherePossible, confidential, ...asked }, options) {
      // Before its turn, so that a wrong one is told at once
      const language = resolveLanguage(decoding.language ?? 'auto');
      const words = decoding.words || (wordsWherePossible && ports.engine.timesWords);
      // Small batches, so that those who read a stream see text soon
      const request = { ...asked, batchesAtOnce, batchSize: 2 };
      const { cache: _, ...others } = ports;
      return limit(async () => {
        throwIfAborted(options?.signal, `nobody waits for "${asked.name}" any more`);
        const startedAt = performance.now();
        const recording = await transcribeRecording(
          { ...request, decoding: { ...decoding, language, words } },
          confidential ? others : ports,
          options,
        );
        const channels = asked.channels === 'separate' ? recording.media.channels : 1;
        const audioSeconds = recording.transcript.durationSeconds * channels;
        // What comes from the cache says nothing of the engine
        if (recording.cached === 0) {
          speed.add({ audioSeconds, seconds: (performance.now() - startedAt) / 1000 });
        }
        return recording;
      });
    },
    timesRealTime: speed.timesRealTime,
    probe: (source, signal) =>
      limit(async () => {
        const { info, blocks } = await ports.decoder.decode(source, signal);
        // Ends the decoder, which has begun
        await blocks[Symbol.asyncIterator]().return?.();
        return info;
      }),
  };
}
