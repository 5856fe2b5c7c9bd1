/** When a text is doubted. */
export interface GuardRules {
  /** Average log-probability of a segment below which its text is unlikely: Whisper's own. */
  readonly logprobThreshold: number;
  /** No-speech probability above which the model doubts that anybody spoke: Whisper's own. */
  readonly noSpeechThreshold: number;
  /** Words a second, in a whole segment, that nobody reaches. */
  readonly maxWordsPerSecond: number;
  /** A word below this probability is doubtful. */
  readonly wordProbability: number;
  /** Words far from every voice are left out where their mean probability is below this. */
  readonly voicelessProbability: number;
  /** So many neighbours that say exactly the same are doubtful. */
  readonly maxSameNeighbours: number;
}

// 8 words a second: fast speakers reach 5 or 6. 0.25: a guess, for people to look at, never a reason to drop.
export const defaultGuardRules: GuardRules = {
  logprobThreshold: -1,
  noSpeechThreshold: 0.6,
  maxWordsPerSecond: 8,
  wordProbability: 0.25,
  // Lower than it need be: detectors miss quiet voices, and the model is less sure of those
  voicelessProbability: 0.3,
  maxSameNeighbours: 3,
};
