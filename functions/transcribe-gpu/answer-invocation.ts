import { createHash } from 'node:crypto';
import { fromSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { hearBatch } from '@murmuration/pipeline/hearing/hear-batch';
import type { MeasuredEngine } from '@murmuration/pipeline/hearing/measured-engine';
import { readSegments } from '@murmuration/pipeline/hearing/read-segments';
import type { Hearable } from '@murmuration/pipeline/hearing/second-look';
import { soundSha256 } from '@murmuration/pipeline/jobs/sound-sha256';
import type { ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import type { BatchInvocation, InlineInvocation, Invocation } from './invocation.ts';

export interface AnswerPorts {
  /** An engine for one request of a tenant: a job, or the request itself. */
  readonly engineFor: (tenant: string) => MeasuredEngine;
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly cache: TranscriptCache | undefined;
}

/** Transcribes what one request holds or points to. Throws what engine and store throw, and `invalid-argument`. */
export async function answerInvocation(
  invocation: Invocation,
  requestId: string,
  ports: AnswerPorts,
  signal: AbortSignal,
): Promise<BatchResult> {
  const isBatch = invocation.kind === 'batch';
  const jobId = isBatch ? invocation.jobId : requestId;
  const engine = ports.engineFor(jobId);
  const segments = isBatch ? await readBatch(invocation, ports) : [inlineSegment(invocation)];
  const cache = isBatch && invocation.confidential ? undefined : ports.cache;
  const heard = await hearBatch(segments, invocation.decoding, { engine, cache }, signal);
  return {
    jobId,
    index: isBatch ? invocation.index : 0,
    lane: 'gpu',
    // The lanes may run the same weights as different graphs
    model: engine.modelId,
    soundSha256: soundSha256(isBatch ? invocation.segments : [{ sha256: sha256Of(invocation.pcm) }]),
    ...heard,
  };
}

async function readBatch(batch: BatchInvocation, { bucket, store }: AnswerPorts): Promise<Hearable[]> {
  if (bucket === batch.bucket) return readSegments(batch, store);
  throw new MurmurationError(
    'invalid-argument',
    `batch lies in bucket "${batch.bucket}" and this endpoint reads "${bucket}": send it to the endpoint of its deployment`,
  );
}

function inlineSegment({ pcm }: InlineInvocation): Hearable {
  const bytes = Buffer.from(pcm, 'base64');
  if (bytes.length % 2 === 0) return { pcm: fromSixteenBit(bytes) };
  throw new MurmurationError(
    'audio-invalid',
    `${bytes.length} bytes are no 16-bit samples: send s16le at 16 kHz, mono`,
  );
}

const sha256Of = (pcm: string) => createHash('sha256').update(pcm, 'base64').digest('hex');
