import type { SegmentTranscript } from '../contract/transcript.ts';

/** Below this the language of a segment is a guess: music, a cough, a single name. */
const SURE_PROBABILITY = 0.5;

/** What was spoken in a recording so far, to doubt a segment that seems to be in another language. */
export interface HeardLanguages {
  /** Takes a segment into account. */
  add(segment: SegmentTranscript): void;
  /** The recording's language, where `segment` guessed another one; else undefined. A sure one is kept: people switch. */
  instead(segment: SegmentTranscript): string | undefined;
}

export function heardLanguages(): HeardLanguages {
  const weights = new Map<string, number>();
  return {
    add({ text, language, languageProbability, startSeconds, endSeconds }) {
      if (text.trim() === '') return;
      const weight = languageProbability * (endSeconds - startSeconds);
      weights.set(language, (weights.get(language) ?? 0) + weight);
    },
    instead({ language, languageProbability }) {
      const [most] = [...weights].sort((a, b) => b[1] - a[1]);
      if (most === undefined || most[0] === language || languageProbability >= SURE_PROBABILITY)
        return undefined;
      return most[0];
    },
  };
}
