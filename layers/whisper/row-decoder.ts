import type { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { throwIfAborted } from '@murmuration/pipeline/errors';
import { SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { batches, buildRequest, type Job } from './build-request.ts';
import { contextOptions, type planContext } from './context.ts';
import type { Session } from './graph-run.ts';
import type { Decode, Row } from './ladder.ts';
import type { Manifest } from './manifest.ts';
import type { createMasks } from './masks.ts';
import { buildPrompt, detectsLanguage, type Prompt } from './prompt.ts';
import { type DecodedRow, readAttempts } from './read-attempts.ts';
import { tokenLimit } from './token-limit.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What decoding rows takes; one of these serves all calls of an engine. */
export interface DecoderParts {
  readonly manifest: Manifest;
  readonly tokenizer: Tokenizer;
  readonly session: Session;
  readonly masks: ReturnType<typeof createMasks>;
  /** Rows of one run, at most. */
  readonly batchSize: number;
  readonly planContext: typeof planContext;
}

/**
 * Decodes rows of `segments` in as few runs as the batch size allows. `language` is a code of the model or `auto`.
 * Throws `aborted` between two runs.
 */
export function createRowDecoder(
  parts: DecoderParts,
  segments: readonly Float32Array[],
  options: DecodingOptions,
  language: string,
  signal?: AbortSignal,
): Decode<DecodedRow> {
  const { manifest, tokenizer, session, masks } = parts;

  const prompts = new Map<string, Prompt>();
  const promptFor = (code: string): Prompt => {
    const prompt = prompts.get(code) ?? buildPrompt(options, code, manifest, tokenizer);
    prompts.set(code, prompt);
    return prompt;
  };

  const toJob = (row: Row): Job => {
    const pcm = segments[row.segment]!;
    const known = row.language ?? language;
    const prompt = promptFor(known);
    return {
      row,
      pcm,
      plan: parts.planContext(pcm.length, row.context, contextOptions(manifest)),
      prompt,
      language: detectsLanguage(prompt) ? undefined : known,
      tokenLimit: tokenLimit(pcm.length / SAMPLE_RATE_HERTZ, known),
    };
  };

  const runAll = async (jobs: readonly Job[]): Promise<DecodedRow[]> => {
    const attempts = new Map<Job, DecodedRow>();
    for (const batch of batches(jobs, parts.batchSize)) {
      throwIfAborted(signal, 'transcription was aborted');
      const request = buildRequest(batch, options, manifest, masks);
      const result = await session.run(request);
      const decoded = readAttempts(request, result, batch, manifest, tokenizer);
      for (const [index, job] of batch.entries()) attempts.set(job, decoded[index]!);
    }
    return jobs.map((job) => attempts.get(job)!);
  };

  return async (rows) => {
    const jobs = rows.map(toJob);
    // Sampling would draw the language too: find it greedily before
    const warm = jobs.filter((job) => job.language === undefined && job.row.temperature > 0);
    const found = await runAll(
      warm.map((job) => ({ ...job, row: { ...job.row, temperature: 0 }, tokenLimit: 1 })),
    );
    const languages = new Map(warm.map((job, index) => [job.row, found[index]!.language]));
    return runAll(
      jobs.map((job) => {
        const detected = languages.get(job.row);
        return detected === undefined ? job : toJob({ ...job.row, language: detected });
      }),
    );
  };
}
