import type { DecodingInput } from '../contract/decoding.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { type Engine, type Pcm, SAMPLE_RATE_HERTZ } from '../ports.ts';
import { shiftSegment } from '../transcripts/shift-segment.ts';
import type { Span } from '../transcripts/span.ts';
import { insertWords } from './insert-words.ts';
import { unheardSpeech } from './unheard-speech.ts';

/** A segment to be heard; times of `speech` count from its start. */
export interface Hearable {
  readonly pcm: Pcm;
  /** Of its s16le bytes, where it was read from them. */
  readonly sha256?: string | undefined;
  /** Where voice activity detection hears a voice; undefined where nobody listened for one. */
  readonly speech?: readonly Span[] | undefined;
}

/** On both sides of a gap, so that its first and last word are whole. */
const MARGIN_SECONDS = 0.5;

/**
 * Transcribes once more, on its own, whatever was said and not heard, and puts its words in their place. Takes what passes
 * at temperature 0; what only a higher one would bring is no better than what was left out. Needs word times.
 */
export async function secondLook(
  segments: readonly Hearable[],
  heard: readonly SegmentTranscript[],
  engine: Engine,
  decoding: DecodingInput,
  signal?: AbortSignal,
): Promise<SegmentTranscript[]> {
  const looks = heard.flatMap(({ words, dropped, language }, index) => {
    const { pcm, speech } = segments[index]!;
    if (words === undefined || speech === undefined || dropped !== undefined) return [];
    return unheardSpeech(words, speech).map((gap) => ({ index, gap, language, ...pieceOf(pcm, gap) }));
  });
  const result = [...heard];
  for (const [language, group] of groupByLanguage(looks)) {
    const pieces = group.map((look) => look.pcm);
    const found = await engine.transcribe(pieces, { ...decoding, language, temperatures: [0] }, signal);
    // From the last, so that the words of one gap do not move those of another
    for (const [place, look] of [...group.entries()].reverse()) {
      const { words = [], tokens, fault } = shiftSegment(found[place]!, look.startSeconds);
      const segment = result[look.index]!;
      if (words.length === 0 || fault !== undefined) continue;
      const all = insertWords(segment.words ?? [], words, look.gap);
      const text = all.map((word) => word.text).join('');
      result[look.index] = {
        ...segment,
        words: all,
        text,
        tokens: [...segment.tokens, ...tokens],
      };
    }
  }
  return result;
}

function pieceOf(pcm: Pcm, { startSeconds, endSeconds }: Span) {
  const first = Math.max(0, Math.round((startSeconds - MARGIN_SECONDS) * SAMPLE_RATE_HERTZ));
  const last = Math.min(pcm.length, Math.round((endSeconds + MARGIN_SECONDS) * SAMPLE_RATE_HERTZ));
  return { pcm: pcm.slice(first, last), startSeconds: first / SAMPLE_RATE_HERTZ };
}

function groupByLanguage<Look extends { language: string }>(looks: readonly Look[]): Map<string, Look[]> {
  const groups = new Map<string, Look[]>();
  for (const look of looks) groups.set(look.language, [...(groups.get(look.language) ?? []), look]);
  return groups;
}
