import { createHash } from 'node:crypto';
import type { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import type { Engine, Pcm } from '@murmuration/pipeline/ports';
import { isSilent } from './ladder.ts';
import { parseOptions } from './parse-options.ts';

/** A model that hears again what the one before it was not sure of. */
export interface CascadeRung {
  readonly engine: Engine;
  /** Of the model before: above it a text without fault is kept. */
  readonly averageLogprobBelow: number;
}

/**
 * Engines as one, from the cheapest to the best. The first hears all segments, at the first temperature. Segments of which it
 * is not sure go to the next, which begins at that temperature too: sampling an unsure model five times costs more than
 * asking a better one once, and is worth less. Only the last samples at the higher temperatures. What a model takes for
 * silence is not heard again. One temperature alone asks for one hearing, as live guesses and second looks do: then the
 * first engine is all.
 */
export function cascade(first: Engine, rungs: readonly CascadeRung[], rungLanguage?: string): Engine {
  const engines = [first, ...rungs.map(({ engine }) => engine)];
  const hashed = [
    first.modelSha256,
    ...rungs.map((rung) => [rung.engine.modelSha256, rung.averageLogprobBelow]),
  ];
  return {
    modelId: first.modelId,
    // Whoever keeps transcripts by it tells one ladder from another
    modelSha256: createHash('sha256').update(JSON.stringify(hashed)).digest('hex'),
    timesWords: first.timesWords,
    async transcribe(segments, input, signal, settled) {
      const options = parseOptions(input);
      const { temperatures } = options;
      if (temperatures.length === 1) return first.transcribe(segments, options, signal, settled);
      const heard = await first.transcribe(
        segments,
        { ...options, temperatures: [temperatures[0]!] },
        signal,
      );
      let climbing = [...heard.keys()];
      for (const [place, { engine, averageLogprobBelow }] of rungs.entries()) {
        const unsure = new Set(
          climbing.filter((index) => isUnsure(heard[index]!, averageLogprobBelow, options)),
        );
        if (unsure.size === 0) break;
        const sure = climbing.filter((index) => !unsure.has(index));
        settled?.(sure.map((index) => ({ index, transcript: heard[index]! })));
        climbing = [...unsure];
        const isLast = place === rungs.length - 1;
        const again = await hearAgain(
          climbing.map((index) => segments[index]!),
          engine,
          isLast,
        );
        for (const [nth, index] of climbing.entries()) heard[index] = better(heard[index]!, again[nth]!);
      }
      return heard;

      async function hearAgain(unsure: readonly Pcm[], engine: Engine, isLast: boolean) {
        const wanted = {
          ...options,
          language: rungLanguage ?? options.language,
          ...(isLast ? {} : { temperatures: [temperatures[0]!] }),
        };
        const transcripts = await engine.transcribe(unsure, wanted, signal);
        return transcripts.map((transcript) => signed(transcript, engine.modelId));
      }
    },
    async close() {
      await Promise.all(engines.map((engine) => engine.close()));
    },
  };
}

function isUnsure(transcript: SegmentTranscript, limit: number, options: DecodingOptions): boolean {
  if (isSilent(transcript, options)) return false;
  return transcript.fault !== undefined || transcript.avgLogprob < limit;
}

function signed(transcript: SegmentTranscript, model: string): SegmentTranscript {
  const fallbacks = transcript.fallbacks.map((fallback) => ({ ...fallback, model }));
  return { ...transcript, fallbacks, model };
}

/** The later model's, unless only the earlier one's is without fault, or nearer to it: loops are worse than doubt. */
function better(before: SegmentTranscript, after: SegmentTranscript): SegmentTranscript {
  const [kept, passed] = rank(after) >= rank(before) ? [after, before] : [before, after];
  const { context, temperature, fault: reason = 'avg-logprob', model } = passed;
  const attempt = { context, temperature, reason, ...(model !== undefined && { model }) };
  const [earlier, later] =
    kept === after
      ? [[...before.fallbacks, attempt], after.fallbacks]
      : [before.fallbacks, [...after.fallbacks, attempt]];
  return { ...kept, fallbacks: [...earlier, ...later] };
}

function rank({ fault }: SegmentTranscript): number {
  return fault === undefined ? 2 : fault === 'avg-logprob' ? 1 : 0;
}
