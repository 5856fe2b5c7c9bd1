import { createHash } from 'node:crypto';
import { fromSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { hearBatch } from '@murmuration/pipeline/hearing/hear-batch';
import type { MeasuredEngine } from '@murmuration/pipeline/hearing/measured-engine';
import { soundSha256 } from '@murmuration/pipeline/jobs/sound-sha256';
import type { TranscriptCache } from '@murmuration/pipeline/ports';
import type { BatchInvocation, InlineInvocation, Invocation } from './invocation.ts';
import type { ReadSound, SoundSource } from './sound/sound-source.ts';

export interface AnswerPorts {
  /** An engine for one request of a tenant: a job, or the request itself. */
  readonly engineFor: (tenant: string) => MeasuredEngine;
  readonly bucket: string;
  readonly readSound: SoundSource;
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
  const { segments, letGo } = isBatch ? await readBatch(invocation, ports, signal) : inlineSound(invocation);
  const cache = isBatch && invocation.confidential ? undefined : ports.cache;
  try {
    const heard = await hearBatch(segments, invocation.decoding, { engine, cache }, signal);
    return {
      jobId,
      index: isBatch ? invocation.index : 0,
      lane: 'gpu',
      // The lanes may run the same weights as different graphs
      model: engine.modelId,
      soundSha256: soundSha256(segments),
      ...heard,
    };
  } finally {
    letGo();
  }
}

async function readBatch(
  batch: BatchInvocation,
  { bucket, readSound }: AnswerPorts,
  signal: AbortSignal,
): Promise<ReadSound> {
  if (bucket === batch.bucket) return readSound(batch, signal);
  throw new MurmurationError(
    'invalid-argument',
    `batch lies in bucket "${batch.bucket}" and this endpoint reads "${bucket}": send it to the endpoint of its deployment`,
  );
}

function inlineSound({ pcm }: InlineInvocation): ReadSound {
  const bytes = Buffer.from(pcm, 'base64');
  if (bytes.length % 2 === 0) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { segments: [{ pcm: fromSixteenBit(bytes), sha256 }], letGo: () => undefined };
  }
  throw new MurmurationError(
    'audio-invalid',
    `${bytes.length} bytes are no 16-bit samples: send s16le at 16 kHz, mono`,
  );
}
