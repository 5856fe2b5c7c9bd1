/** From this probability on a window of 32 ms is speech, and below the other it may end: faster-whisper's. */
const VOICE_FROM = 0.5;
const PAUSE_BELOW = 0.35;

/** Windows, counted from the first probability. */
export interface Turn {
  /** Windows with a voice. */
  readonly voiced: number;
  /** The first of them; undefined where nobody speaks. */
  readonly firstVoiced: number | undefined;
  /** The first window after a pause that was long enough to end the turn; undefined while it goes on. */
  readonly end: number | undefined;
}

/** Where somebody begins to speak, and where that ends in a pause of `pauseWindows`. */
export function findTurn(probabilities: readonly number[], pauseWindows: number): Turn {
  let voiced = 0;
  let firstVoiced: number | undefined;
  let silentFrom: number | undefined;
  for (const [window, probability] of probabilities.entries()) {
    if (probability >= VOICE_FROM) {
      firstVoiced ??= window;
      voiced += 1;
      silentFrom = undefined;
    } else if (firstVoiced !== undefined && probability < PAUSE_BELOW) {
      silentFrom ??= window;
    }
    if (silentFrom !== undefined && window + 1 - silentFrom >= pauseWindows) {
      return { voiced, firstVoiced, end: window + 1 };
    }
  }
  return { voiced, firstVoiced, end: undefined };
}
