import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { editRecording } from '@murmuration/pipeline/edits/edit-recording';
import type { TextEdit } from '@murmuration/pipeline/edits/text-edit';
import { errorPolicy } from '@murmuration/pipeline/errors';
import { formats } from '@murmuration/pipeline/formats/formats';
import { type Delivery, openDelivery } from './delivery.ts';
import { type ReadEdits, readEdits } from './edits.ts';
import { type Hearing, laptopHearing } from './hearing.ts';
import { idleOptions } from './idle-options.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { type Argument, openArgument } from './open-argument.ts';
import { openProgress } from './progress.ts';
import { checkRemoteOptions } from './remote/check-remote-options.ts';
import { remoteHearing } from './remote/remote-hearing.ts';
import { reportFailure, writeNote } from './report-failure.ts';
import type { TranscribeOptions } from './transcribe-options.ts';
import { ReaderGone } from './write-out.ts';

/** Transcribes each file; one that fails is reported and the others are done. Answers the exit code. */
export async function transcribe(files: readonly string[], options: TranscribeOptions): Promise<number> {
  const recordings = files.map(openArgument);
  const rules = options.replace === undefined ? [] : [options.replace];
  const delivery = await openDelivery(
    recordings.map(({ name }) => name),
    rules,
    options,
  );
  const read = await readEdits(options);
  if (!options.quiet) for (const note of idleOptions(options, delivery.formats)) writeNote(note);
  const signal = interruptSignal();
  const hearing = await openHearing(options, read.wanted);
  // A server edits before it answers, so that it keeps nothing private either
  const edits = options.remote === undefined ? read.edits : [];
  const decoding = decodingOf(options, delivery, hearing);
  let exitCode = 0;
  try {
    for (const recording of recordings) {
      const fileExitCode = await transcribeFile(recording, decoding, options, {
        delivery,
        edits,
        hearing,
        signal,
      });
      if (exitCode === 0) exitCode = fileExitCode;
      if (signal.aborted) return errorPolicy.aborted.exitCode;
    }
  } catch (error) {
    // What the reader has not taken is no failure; what failed before it went is
    if (!(error instanceof ReaderGone)) throw error;
  } finally {
    await hearing.close();
  }
  return exitCode;
}

function openHearing(options: TranscribeOptions, edits: ReadEdits['wanted']): Promise<Hearing> | Hearing {
  const { remote, apiKey, language = 'auto', isDefaultModel = false } = options;
  // What is to be redacted is not kept on disk either
  if (remote === undefined) {
    return laptopHearing(options.redact === undefined ? options : { ...options, cache: false });
  }
  checkRemoteOptions(options);
  const model = isDefaultModel ? undefined : options.model;
  return remoteHearing({ remote, apiKey, language, model, edits });
}

interface Tools {
  readonly delivery: Delivery;
  readonly edits: readonly TextEdit[];
  readonly hearing: Hearing;
  readonly signal: AbortSignal;
}

async function transcribeFile(
  { name, open }: Argument,
  decoding: DecodingInput,
  { batchSize, allowDamaged, channels, preprocess, quiet = false }: TranscribeOptions,
  { delivery, edits, hearing, signal }: Tools,
): Promise<number> {
  const startedAt = performance.now();
  const progress = await openProgress(name, { quiet, live: edits.length === 0 });
  try {
    const request = { source: open(), name, decoding, batchSize, channels, preprocess };
    const { update } = progress;
    const heard = await hearing.hear(request, { signal, onProgress: update });
    const recording = editRecording(heard, edits);
    progress.stop();
    await delivery.deliver(name, recording, (performance.now() - startedAt) / 1000);
    if (recording.warnings.length === 0) return 0;
    writeNote(`${name}: warning: ${recording.warnings.join('; ')}. what could be read is transcribed`);
    return allowDamaged ? 0 : errorPolicy['media-truncated'].exitCode;
  } catch (error) {
    progress.stop();
    if (error instanceof ReaderGone) throw error;
    const exitCode = reportFailure(error, name);
    // The others are done even where the report cannot be written
    await delivery.deliverFailure(name, error).catch((unwritable) => reportFailure(unwritable));
    return exitCode;
  }
}

function decodingOf(options: TranscribeOptions, delivery: Delivery, hearing: Hearing): DecodingInput {
  const { task, prompt, hotwords, temperatures, seed, shortContext } = options;
  const { compressionRatioThreshold, logprobThreshold, noSpeechThreshold } = options;
  // A model without alignment heads still writes captions, of whole segments; --words alone it refuses
  const wordsHelp = hearing.timesWords && delivery.formats.some((name) => formats[name].needsWords);
  return {
    language: hearing.language,
    shortContext,
    words: options.words === true || wordsHelp,
    ...(task === undefined ? {} : { task }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(hotwords === undefined ? {} : { hotwords }),
    ...(temperatures === undefined ? {} : { temperatures }),
    ...(seed === undefined ? {} : { seed }),
    ...(compressionRatioThreshold === undefined ? {} : { compressionRatioThreshold }),
    ...(logprobThreshold === undefined ? {} : { logprobThreshold }),
    ...(noSpeechThreshold === undefined ? {} : { noSpeechThreshold }),
  };
}
