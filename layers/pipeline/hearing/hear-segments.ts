import { cacheKey } from '../cache/cache-key.ts';
import type { DecodingInput } from '../contract/decoding.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import type { Engine, TranscriptCache } from '../ports.ts';
import type { HeardLanguages } from '../transcripts/heard-languages.ts';
import { type Hearable, secondLook } from './second-look.ts';

export interface HearingPorts {
  readonly engine: Engine;
  readonly cache?: TranscriptCache | undefined;
}

export interface Heard {
  /** In the order of the segments. */
  readonly transcripts: SegmentTranscript[];
  /** How many came from the cache. */
  readonly cached: number;
}

/**
 * Everything that is said in some segments of one recording, whatever was said before them: `hearOnce`, then a segment whose
 * language was only guessed is heard again in that of the recording.
 */
export async function hearSegments(
  segments: readonly Hearable[],
  decoding: DecodingInput,
  languages: HeardLanguages,
  ports: HearingPorts,
  signal?: AbortSignal,
): Promise<Heard> {
  const heard = await hearOnce(segments, decoding, ports, signal);
  return settleLanguages(heard, segments, decoding, languages, ports, signal);
}

/** What `hearOnce` heard, with guessed languages put right. Takes the segments of a recording in their order. */
export async function settleLanguages(
  { transcripts: first, cached }: Heard,
  segments: readonly Hearable[],
  decoding: DecodingInput,
  languages: HeardLanguages,
  ports: HearingPorts,
  signal?: AbortSignal,
): Promise<Heard> {
  const transcripts = [...first];
  if ((decoding.language ?? 'auto') !== 'auto') return { transcripts, cached };
  for (const transcript of first) languages.add(transcript);
  for (const [index, transcript] of first.entries()) {
    const language = languages.instead(transcript);
    if (language === undefined) continue;
    const again = await hearOnce([segments[index]!], { ...decoding, language }, ports, signal);
    transcripts[index] = again.transcripts[0]!;
  }
  return { transcripts, cached };
}

/**
 * Everything that is said in some segments, in any order: from the cache where it was heard before, else by the engine with
 * a second look: at all of them where words are timed, else where the text is thin.
 */
export async function hearOnce(
  segments: readonly Hearable[],
  asked: DecodingInput,
  { engine, cache }: HearingPorts,
  signal: AbortSignal | undefined,
): Promise<Heard> {
  const options = { ...asked, words: engine.timesWords && (asked.words ?? false) };
  const { modelId, modelSha256 } = engine;
  const keyOf = ({ pcm, sha256 }: Hearable) =>
    cacheKey({ pcm, pcmSha256: sha256, modelId, modelSha256, options });
  const keys = cache ? segments.map(keyOf) : [];
  const kept = await Promise.all(keys.map((key) => cache?.get(key)));
  const missing = segments.filter((_, index) => kept[index] === undefined);
  const pcms = missing.map((segment) => segment.pcm);
  const first = missing.length === 0 ? [] : await engine.transcribe(pcms, options, signal);
  const timed = options.words ? first : await timeThin(missing, first, engine, options, signal);
  const fresh = (await secondLook(missing, timed, engine, { ...options, words: true }, signal)).values();
  const transcripts = segments.map((_, index) => kept[index] ?? fresh.next().value!);
  await Promise.all(
    keys.map((key, i) => (kept[i] === undefined ? cache?.set(key, transcripts[i]!) : undefined)),
  );
  return { transcripts, cached: segments.length - missing.length };
}

/** Slow speakers say 3 tokens in a second of voice. */
const THIN_TOKENS_PER_SECOND = 2;

/** Times the words where there are few of them for the voice that is heard; timing all would cost a fifth of the speed. */
async function timeThin(
  segments: readonly Hearable[],
  heard: readonly SegmentTranscript[],
  engine: Engine,
  options: DecodingInput,
  signal: AbortSignal | undefined,
): Promise<SegmentTranscript[]> {
  const thin = [...heard.entries()].flatMap(([index, { tokens, dropped }]) => {
    const { pcm, speech = [] } = segments[index]!;
    const voicedSeconds = speech.reduce((sum, span) => sum + span.endSeconds - span.startSeconds, 0);
    const isThin = tokens.length < THIN_TOKENS_PER_SECOND * voicedSeconds;
    return engine.timesWords && isThin && dropped === undefined ? [{ index, pcm }] : [];
  });
  if (thin.length === 0) return [...heard];
  const pcms = thin.map(({ pcm }) => pcm);
  const timed = await engine.transcribe(pcms, { ...options, words: true }, signal);
  const timedAt = new Map(thin.map(({ index }, place) => [index, timed[place]!]));
  return heard.map((transcript, index) => timedAt.get(index) ?? transcript);
}
