import { createHash } from 'node:crypto';
import type { MediaSource } from '@murmuration/pipeline/ports';
import type { ApiApp, ApiContext } from '../api-app.ts';
import type { ApiSettings } from '../api-settings.ts';
import type { ApiTools } from '../api-tools.ts';
import { receiveAudio } from '../bodies/receive-audio.ts';
import { receiveJson } from '../bodies/receive-json.ts';
import { ListenInput } from '../contract/listen.ts';
import { readListenRequest } from '../listen-request.ts';
import { modelNamed } from '../model-named.ts';
import type { Place } from '../places.ts';
import { transcribeForKey } from '../transcribe-for-key.ts';
import { writeListenAnswer } from '../write-listen-answer.ts';

/** Deepgram's `POST /v1/listen` for recordings: the body is one, or JSON with its address. */
export function listenRoutes(app: ApiApp, { ports, settings, places, telemetry }: ApiTools): void {
  const { transcriber, clock, newId } = ports;

  app.post('/v1/listen', async (c) => {
    const { query, decoding, edits, warnings } = readListenRequest(c.req.queries());
    const model = modelNamed(query.model, transcriber.models);
    const place = places.take(c.get('key').owner);
    let received: Received | undefined;
    try {
      received = await receive(c, settings, place);
      place.arrived();
      const startedAt = performance.now();
      const { source, sha256 } = received;
      const heard = await transcribeForKey(
        c.get('key'),
        {
          model,
          source,
          name: 'the recording',
          decoding,
          channels: query.multichannel === 'true' ? 'separate' : 'mix',
          edits,
          wordsWherePossible: true,
        },
        ports,
        { signal: c.req.raw.signal },
      );
      telemetry.transcribed(heard, (performance.now() - startedAt) / 1000);
      const facts = { requestId: c.get('requestId'), sha256, now: clock(), newId, warnings };
      return c.json(writeListenAnswer(heard, query, facts));
    } finally {
      place.release();
      await received?.close();
    }
  });
}

interface Received {
  readonly source: MediaSource;
  readonly sha256: string;
  close(): Promise<void>;
}

async function receive(
  c: ApiContext,
  { mostBodyBytes: mostBytes, spoolFolder: spool }: ApiSettings,
  place: Place,
): Promise<Received> {
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    const { path, sha256, close } = await receiveAudio(c.req.raw, { mostBytes, spool, place });
    return { source: path, sha256, close };
  }
  const { url } = (await receiveJson(c.req.raw, ListenInput, place)).value;
  const sha256 = createHash('sha256').update(url).digest('hex');
  return { source: new URL(url), sha256, close: async () => undefined };
}
