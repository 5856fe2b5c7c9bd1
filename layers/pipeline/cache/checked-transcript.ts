import { SegmentTranscript } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';

/** A copy, where it fits the contract; what does not fit could never be read back. Throws `internal`. */
export function checkedTranscript(transcript: SegmentTranscript): SegmentTranscript {
  const parsed = SegmentTranscript.safeParse(transcript);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MurmurationError(
    'internal',
    `a segment's transcript is not cached, for ${issue?.path.join('.') || 'it'} is wrong: ${issue?.message}`,
    { cause: parsed.error },
  );
}
