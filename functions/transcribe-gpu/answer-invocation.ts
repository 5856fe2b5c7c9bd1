import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { hearSegments } from '@murmuration/pipeline/hearing/hear-segments';
import type { Hearable } from '@murmuration/pipeline/hearing/second-look';
import { keys } from '@murmuration/pipeline/keys';
import type { Engine, ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import { heardLanguages } from '@murmuration/pipeline/transcripts/heard-languages';
import type { BatchInvocation, InlineInvocation, Invocation } from './invocation.ts';
import { pcmOfBytes } from './pcm-of-bytes.ts';

export interface AnswerPorts {
  /** An engine for one tenant: a job, or one request. */
  readonly engineFor: (tenant: string) => Engine;
  /** Undefined where there is no bucket to read from. */
  readonly bucket: { readonly name: string; readonly store: Pick<ObjectStore, 'read'> } | undefined;
  readonly cache?: TranscriptCache | undefined;
}

/** Transcribes what one request holds or points to. Throws what engine and store throw. */
export async function answerInvocation(
  invocation: Invocation,
  requestId: string,
  { engineFor, bucket, cache }: AnswerPorts,
  signal: AbortSignal,
): Promise<BatchResult> {
  const isBatch = invocation.kind === 'batch';
  const jobId = isBatch ? invocation.jobId : requestId;
  const engine = engineFor(jobId);
  const segments = isBatch ? await readSegments(invocation, bucket) : [inlineSegment(invocation)];
  const startedAt = performance.now();
  const ports = { engine, cache };
  const heard = await hearSegments(segments, invocation.decoding, heardLanguages(), ports, signal);
  return {
    jobId,
    index: isBatch ? invocation.index : 0,
    lane: 'gpu',
    model: engine.modelId,
    transcripts: heard.transcripts,
    cached: heard.cached,
    engineSeconds: (performance.now() - startedAt) / 1000,
  };
}

async function readSegments(batch: BatchInvocation, bucket: AnswerPorts['bucket']): Promise<Hearable[]> {
  if (bucket === undefined || bucket.name !== batch.bucket) {
    throw new MurmurationError(
      'invalid-argument',
      `batch lies in bucket "${batch.bucket}" and this endpoint reads ${bucket ? `"${bucket.name}"` : 'none'}: set BUCKET, or send it to the endpoint of its deployment`,
    );
  }
  return Promise.all(
    batch.segments.map(async ({ channel, byteStart, byteEnd, speech }) => {
      const key = keys.audio(batch.jobId, channel);
      const bytes = await bucket.store.read(key, { start: byteStart, end: byteEnd });
      if (bytes === undefined) {
        throw new MurmurationError(
          'file-not-found',
          `no audio at "${key}": the job may be too old to be heard`,
        );
      }
      return { pcm: pcmOfBytes(bytes), speech };
    }),
  );
}

function inlineSegment({ pcm }: InlineInvocation): Hearable {
  return { pcm: pcmOfBytes(Buffer.from(pcm, 'base64')) };
}
