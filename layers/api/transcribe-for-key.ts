import type { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { editRecording } from '@murmuration/pipeline/edits/edit-recording';
import { isConfidential, openEdits } from '@murmuration/pipeline/edits/open-edits';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ApiPorts, Transcribed, Transcriber, TranscribingOptions } from './api-ports.ts';
import type { ApiKey } from './contract/api-key.ts';
import { withoutPath } from './without-path.ts';

type KeyRequest = Omit<Parameters<Transcriber['transcribe']>[0], 'confidential'> & {
  /** Made before anybody gets a word: progress then tells none. */
  readonly edits?: TextEdits | undefined;
  /** What holds the seconds that are booked. @default nobody: what is booked is used */
  readonly jobId?: string | undefined;
};

/**
 * Transcribes, and books each batch to the key's budget as it is heard; where that does not suffice, it stops. Throws
 * what the transcriber throws, and `budget-spent`.
 */
export async function transcribeForKey(
  key: ApiKey,
  { edits: wanted, jobId, ...request }: KeyRequest,
  { transcriber, ledger }: Pick<ApiPorts, 'transcriber' | 'ledger'>,
  { signal, onProgress }: TranscribingOptions = {},
): Promise<Transcribed> {
  const edits = openEdits(wanted);
  if (!(await ledger.spend(key, 0, jobId))) throw budgetSpent();
  const stop = new AbortController();
  const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
  let bookedSeconds = 0;
  let booking: Promise<unknown> = Promise.resolve();
  const book = (heardSeconds: number) => {
    const seconds = jobId === undefined ? heardSeconds - bookedSeconds : heardSeconds;
    bookedSeconds = heardSeconds;
    booking = booking.then(async () => {
      if (!stop.signal.aborted && !(await ledger.spend(key, seconds, jobId))) stop.abort(budgetSpent());
    });
    // Told below; until then nobody listens
    booking.catch((error: unknown) => stop.abort(error));
  };
  try {
    const whole = { ...request, confidential: isConfidential(wanted) };
    const recording = await transcriber.transcribe(whole, {
      signal: AbortSignal.any(signals),
      onProgress: (progress) => {
        book(progress.heardSeconds ?? progress.doneSeconds);
        // Half a card number is none yet
        onProgress?.(edits.length === 0 ? progress : { ...progress, segments: [] });
      },
    });
    await booking;
    stop.signal.throwIfAborted();
    return editRecording(recording, edits);
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw withoutPath(error, request.source, request.name);
  }
}

function budgetSpent(): MurmurationError {
  return new MurmurationError(
    'budget-spent',
    "this key's budget for the month is spent: wait for the next month, or ask for more",
  );
}
