import type { LiveEvent } from '../contract/live-event.ts';
import type { SegmentTranscript, Word } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';
import { type Engine, type Pcm, SAMPLE_RATE_HERTZ } from '../ports.ts';
import { shiftSegment } from '../transcripts/shift-segment.ts';
import { confirmWords, forgetWords, type LiveWords, noWords } from './confirm-words.ts';
import { keptAudio } from './kept-audio.ts';
import { trimPoint } from './trim-point.ts';
import { type VoiceListener, voiceWindows, WINDOW_SAMPLES } from './voice-windows.ts';

export interface LivePorts {
  /** May be shared by any number of streams. */
  readonly engine: Pick<Engine, 'transcribe'>;
  /** Of this stream alone. */
  readonly voice: VoiceListener;
}

export interface LiveOptions {
  /** Code, or `auto`. @default 'auto' */
  readonly language?: string | undefined;
  readonly prompt?: string | undefined;
  /** New audio between two hypotheses, at least. @default 0.3 */
  readonly stepSeconds?: number | undefined;
  /** Silence that ends a turn and makes its words final. @default 0.6 */
  readonly pauseSeconds?: number | undefined;
}

/** One stream of speech under way. */
export interface LiveTranscriber {
  /** Audio that was pushed and not taken yet: whoever sends faster than that is worked off should wait. */
  readonly waitingSeconds: number;
  /** Where the audio begins that may still change a word. */
  readonly openSeconds: number;
  /** Takes audio of any length; never throws. */
  push(block: Pcm): void;
  /** No more audio comes: everything is heard to its end, then `done` is told. */
  end(): void;
  /** Ends at once, without another event. */
  stop(): void;
  /** Resolves after the last event. Throws what engine and voice throw. */
  readonly finished: Promise<void>;
}

/** Less voice than 0.1 s is a click. */
const FEWEST_VOICED_WINDOWS = 3;
/** Kept before a voice, since it is recognised a little late. */
const LEAD_SAMPLES = 0.3 * SAMPLE_RATE_HERTZ;
/** Of a stretch without an end; the engine takes 30 s. */
const LONGEST_SAMPLES = 26 * SAMPLE_RATE_HERTZ;
/** Audio taken at once where more waits, as when a file is sent as fast as it goes. */
const LONGEST_STEP_SAMPLES = 3 * SAMPLE_RATE_HERTZ;

/** Turns speech into words while it is spoken; `onEvent` is called in order. */
export function liveTranscriber(
  { engine, voice }: LivePorts,
  onEvent: (event: LiveEvent) => void,
  { language = 'auto', prompt = '', stepSeconds = 0.3, pauseSeconds = 0.6 }: LiveOptions = {},
): LiveTranscriber {
  const audio = keptAudio();
  const voices = voiceWindows(voice, Math.round((pauseSeconds * SAMPLE_RATE_HERTZ) / WINDOW_SAMPLES));
  const abort = new AbortController();
  const waiting: Pcm[] = [];
  const said: string[] = [];
  let waitingSamples = 0;
  let heardSample = 0;
  let words: LiveWords = noWords;
  let ended = false;
  let wake = () => {};

  const finished = run().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  // Whoever awaits it sees the error; until then nobody should crash
  finished.catch(() => {});

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      const wanted = stepSeconds * SAMPLE_RATE_HERTZ - (audio.endSample - heardSample);
      if (waitingSamples < wanted && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      await take();
      await step();
      if (ended && waitingSamples === 0 && audio.startSample === audio.endSample) break;
    }
    if (abort.signal.aborted) return;
    onEvent({ kind: 'done', durationSeconds: secondsAt(audio.endSample), text: said.join('').trim() });
  }

  /** From what waits to what is kept. */
  async function take(): Promise<void> {
    const room = Math.min(LONGEST_STEP_SAMPLES, LONGEST_SAMPLES - (audio.endSample - audio.startSample));
    for (let taken = 0; waiting.length > 0 && taken < room; ) {
      const block = waiting.shift()!;
      const part = block.subarray(0, room - taken);
      if (part.length < block.length) waiting.unshift(block.subarray(part.length));
      waitingSamples -= part.length;
      taken += part.length;
      audio.push(part);
      await voices.push(part);
    }
  }

  async function step(): Promise<void> {
    const turn = voices.turnFrom(audio.startSample);
    const isLast = ended && waitingSamples === 0;
    const isFull = audio.endSample - audio.startSample >= LONGEST_SAMPLES;
    if (turn.voiced < FEWEST_VOICED_WINDOWS && !isLast && !isFull) {
      heardSample = audio.endSample;
      if (turn.endSample !== undefined) audio.forgetBefore(turn.endSample - LEAD_SAMPLES);
      else if (turn.startSample === undefined) audio.forgetBefore(audio.endSample - LEAD_SAMPLES);
      return;
    }
    const endSample = Math.min(audio.endSample, turn.endSample ?? audio.endSample);
    const isComplete = turn.endSample !== undefined || isLast || isFull;
    const segment = turn.voiced > 0 ? await hear(endSample, isComplete) : undefined;
    if (abort.signal.aborted) return;
    heardSample = endSample;
    if (segment === undefined || isComplete || isLikely(segment)) tell(segment?.words ?? [], isComplete);
    if (turn.endSample !== undefined) onEvent({ kind: 'pause', atSeconds: secondsAt(endSample) });
    forget(turn.endSample === undefined ? endSample : endSample - LEAD_SAMPLES, isComplete);
  }

  async function hear(endSample: number, isComplete: boolean): Promise<SegmentTranscript> {
    const options = {
      language,
      prompt,
      words: true,
      // What is not final is heard again in a moment: not worth to climb the ladder for
      ...(isComplete ? {} : { temperatures: [0] }),
    };
    const [segment] = await engine.transcribe([audio.upTo(endSample)], options, abort.signal);
    return shiftSegment(segment!, secondsAt(audio.startSample));
  }

  function tell(hypothesis: readonly Word[], isComplete: boolean): void {
    const before = words.interim;
    const confirmed = confirmWords(words, hypothesis, isComplete);
    words = confirmed.words;
    if (confirmed.final.length > 0) {
      onEvent({ kind: 'final', words: [...confirmed.final] });
      said.push(...confirmed.final.map((word) => word.text));
    }
    if (before.length > 0 || words.interim.length > 0)
      onEvent({ kind: 'interim', words: [...words.interim] });
  }

  function forget(endSample: number, isComplete: boolean): void {
    const trim = trimPoint(words, secondsAt(audio.startSample), secondsAt(endSample));
    if (isComplete) audio.forgetBefore(endSample);
    else if (trim !== undefined) audio.forgetBefore(Math.floor(trim * SAMPLE_RATE_HERTZ));
    words = isComplete ? { ...words, said: [] } : forgetWords(words, secondsAt(audio.startSample));
  }

  return {
    get waitingSeconds() {
      return secondsAt(waitingSamples);
    },
    get openSeconds() {
      return secondsAt(audio.startSample);
    },
    push(block) {
      if (ended || block.length === 0) return;
      waiting.push(block);
      waitingSamples += block.length;
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    stop() {
      abort.abort(new MurmurationError('aborted', 'live transcription was stopped'));
      wake();
    },
    finished,
  };
}

const secondsAt = (samples: number) => samples / SAMPLE_RATE_HERTZ;

/** Loops and guesses are not shown; the next hypothesis is heard with more audio. */
function isLikely({ compressionRatio, avgLogprob }: SegmentTranscript): boolean {
  return compressionRatio <= 2.4 && avgLogprob >= -1;
}
