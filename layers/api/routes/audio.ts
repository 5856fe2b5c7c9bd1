import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ApiApp, ApiContext } from '../api-app.ts';
import type { TranscribingOptions } from '../api-ports.ts';
import type { ApiTools } from '../api-tools.ts';
import { type ReceivedForm, receiveForm } from '../bodies/receive-form.ts';
import { eventStream } from '../event-stream.ts';
import { modelNamed } from '../model-named.ts';
import { transcribeForKey } from '../transcribe-for-key.ts';
import { readTranscriptionRequest, type WantedTranscription } from '../transcription-request.ts';
import { deltaWriter, doneEvent, writeAnswer } from '../write-answer.ts';

type Task = 'transcribe' | 'translate';

/** OpenAI's `POST /v1/audio/transcriptions` and `/translations`. */
export function audioRoutes(app: ApiApp, tools: ApiTools): void {
  app.post('/v1/audio/transcriptions', (c) => answer(c, 'transcribe', tools));
  app.post('/v1/audio/translations', (c) => answer(c, 'translate', tools));
}

async function answer(c: ApiContext, task: Task, tools: ApiTools): Promise<Response> {
  const { places, settings } = tools;
  const place = places.take(c.get('key').owner);
  let form: ReceivedForm | undefined;
  const tidy = async () => {
    place.release();
    await form?.close();
  };
  try {
    const { mostBodyBytes: mostBytes, spoolFolder: spool } = settings;
    form = await receiveForm(c.req.raw, { mostBytes, spool, place });
    place.arrived();
    const wanted = readTranscriptionRequest(form.fields, task);
    const gone = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, gone.signal]);
    const request = requestOf(form, wanted, tools);
    if (!wanted.stream) {
      const written = writeAnswer((await hear(c, request, tools, signal)).transcript, wanted);
      await tidy();
      return typeof written === 'string' ? c.text(written) : c.json(written);
    }
    return await stream(c, request, wanted, tools, { signal, gone, tidy });
  } catch (error) {
    await tidy();
    throw error;
  }
}

type HearRequest = Parameters<typeof transcribeForKey>[1];

function requestOf(form: ReceivedForm, wanted: WantedTranscription, tools: ApiTools): HearRequest {
  if (form.file === undefined) {
    throw new MurmurationError('invalid-argument', 'no recording was sent: send one as file', {
      details: { param: 'file' },
    });
  }
  return {
    model: modelNamed(wanted.model, tools.ports.transcriber.models),
    source: form.file.path,
    name: form.file.name,
    decoding: wanted.decoding,
    edits: wanted.edits,
    wordsWherePossible: wanted.format === 'srt' || wanted.format === 'vtt',
  };
}

async function hear(
  c: ApiContext,
  request: HearRequest,
  { ports, telemetry }: ApiTools,
  signal: AbortSignal,
  onProgress?: TranscribingOptions['onProgress'],
) {
  const startedAt = performance.now();
  const recording = await transcribeForKey(c.get('key'), request, ports, { signal, onProgress });
  telemetry.transcribed(recording, (performance.now() - startedAt) / 1000);
  c.header('murmuration-cached-segments', `${recording.cached}`);
  return recording;
}

/** Answers when the first text is there, so that what fails before has a status of its own. */
async function stream(
  c: ApiContext,
  request: HearRequest,
  wanted: WantedTranscription,
  tools: ApiTools,
  { signal, gone, tidy }: { signal: AbortSignal; gone: AbortController; tidy: () => Promise<void> },
): Promise<Response> {
  const events = eventStream(() => gone.abort());
  const deltas = deltaWriter(wanted);
  const requestId = c.get('requestId');
  await new Promise<void>((resolve, reject) => {
    hear(c, request, tools, signal, ({ segments }) => {
      // None where they are to be edited: then all come at the end
      for (const event of deltas(segments)) events.write(event);
      resolve();
    })
      .then(({ transcript }) => {
        if (wanted.edits !== undefined) for (const event of deltas(transcript.segments)) events.write(event);
        events.write(doneEvent(transcript, wanted));
        events.end();
        resolve();
      })
      .catch((error: unknown) => {
        reject(error);
        events.fail(error, requestId);
      })
      .finally(tidy);
  });
  return c.body(events.body, 200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
}
