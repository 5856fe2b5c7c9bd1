import type { Segment } from '../contract/plan.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { place } from '../hearing/placed-segment.ts';
import type { BatchOutcome } from '../jobs/read-results.ts';
import { placeOf } from '../splitting/segment-of-cut.ts';
import type { HeardSegment } from './merge-segments.ts';

/** What a batch's segments said, in seconds of the recording; each is a marked gap where no lane transcribed it. */
export function heardInBatch({ batch, result }: BatchOutcome): HeardSegment[] {
  const language = batch.decoding.language === 'auto' ? 'und' : batch.decoding.language;
  return batch.segments.map((segment, index) =>
    place(result?.transcripts[index] ?? notTranscribed(segment, language), placeOf(segment)),
  );
}

function notTranscribed({ startSeconds, endSeconds }: Segment, language: string): SegmentTranscript {
  return {
    startSeconds: 0,
    endSeconds: endSeconds - startSeconds,
    text: '',
    tokens: [],
    language,
    languageProbability: 0,
    avgLogprob: 0,
    compressionRatio: 0,
    noSpeechProbability: 0,
    temperature: 0,
    context: 'full',
    fallbacks: [],
    dropped: { reason: 'not-transcribed', text: '' },
  };
}
