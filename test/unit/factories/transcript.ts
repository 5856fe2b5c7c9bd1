import type { SegmentTranscript, Transcript, Word } from '@murmuration/pipeline/contract/transcript';

/** Words of a sentence, each as long as its letters need: 0.06 s a character and no pause. */
export function wordsOf(text: string, startSeconds = 0): Word[] {
  let clock = startSeconds;
  return text.split(/(?= )/).map((word) => {
    const start = clock;
    clock += word.length * 0.06;
    return { text: word, startSeconds: start, endSeconds: clock, probability: 0.9 };
  });
}

export function segmentOf(fields: Partial<SegmentTranscript> = {}): SegmentTranscript {
  return {
    startSeconds: 0,
    endSeconds: 10,
    text: 'hello',
    tokens: [31373],
    language: 'en',
    languageProbability: 1,
    avgLogprob: -0.2,
    compressionRatio: 1.1,
    noSpeechProbability: 0.01,
    temperature: 0,
    context: 'short',
    fallbacks: [],
    ...fields,
  };
}

export function transcriptOf(fields: Partial<Transcript> = {}): Transcript {
  return {
    model: 'whisper-tiny.en-int8',
    task: 'transcribe',
    language: 'en',
    durationSeconds: 10,
    text: 'hello',
    segments: [segmentOf()],
    ...fields,
  };
}

/** A transcript of one segment with these words. */
export function spoken(words: readonly Word[]): Transcript {
  const text = words
    .map((word) => word.text)
    .join('')
    .trim();
  const endSeconds = words.at(-1)?.endSeconds ?? 0;
  return transcriptOf({
    text,
    durationSeconds: endSeconds,
    segments: [segmentOf({ text, endSeconds, words: [...words] })],
  });
}
