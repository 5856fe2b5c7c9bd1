import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { type Pcm, SAMPLE_RATE_HERTZ, type SettledSegment } from '@murmuration/pipeline/ports';
import { countEscalated } from '@murmuration/pipeline/transcripts/count-escalated';
import type { BatchedDevice } from './batched-device.ts';
import type { BatchingObserver } from './batching-observer.ts';
import { paddingShare } from './padding-share.ts';

/** A segment in a batch, and where its answer goes; exactly one of the two is called, once. */
export interface BatchedSegment {
  readonly pcm: Pcm;
  /** Segments that came together fail together. */
  readonly call: object;
  /** With its share of what the device worked for the batch. */
  resolve(transcript: SegmentTranscript, workedSeconds: number): void;
  reject(error: unknown): void;
}

/**
 * Transcribes a batch and answers every segment of it, each as soon as it is settled: those that are heard again, at full
 * context or at higher temperatures, hold up nobody else. Out of memory: each half is tried again on its own, `halvings` times
 * at most. Any other failure of a batch of several calls: each call is tried alone, so that only the one at fault fails.
 */
export async function runHalving(
  batch: readonly BatchedSegment[],
  decoding: DecodingInput | undefined,
  device: BatchedDevice,
  halvings: number,
  observer: BatchingObserver,
): Promise<void> {
  const startedAt = performance.now();
  const unanswered = new Map(batch.entries());
  const workedSeconds = batch.map(() => 0);
  let done = device.watch.start();
  /** What the device worked since the last time is shared by those that it worked for. */
  const shareWork = () => {
    const seconds = done() / 1000 / Math.max(1, unanswered.size);
    for (const index of unanswered.keys()) workedSeconds[index]! += seconds;
    done = device.watch.start();
  };
  const answer = ({ index, transcript }: SettledSegment) => {
    unanswered.get(index)?.resolve(transcript, workedSeconds[index]!);
    unanswered.delete(index);
  };
  try {
    const transcripts = await device.engine.transcribe(
      batch.map(({ pcm }) => pcm),
      decoding,
      undefined,
      (settled) => {
        shareWork();
        settled.forEach(answer);
      },
    );
    shareWork();
    const samples = batch.map(({ pcm }) => pcm.length);
    device.limit.fitted(batch.length);
    observer.finished({
      device: device.name,
      segments: batch.length,
      milliseconds: performance.now() - startedAt,
      audioSeconds: samples.reduce((sum, length) => sum + length, 0) / SAMPLE_RATE_HERTZ,
      padding: paddingShare(samples),
      escalated: countEscalated(transcripts),
    });
    for (const [index, transcript] of transcripts.entries()) answer({ index, transcript });
  } catch (error) {
    const left = [...unanswered.values()];
    if (isOutOfMemory(error)) {
      device.limit.outOfMemory(batch.length);
      observer.outOfMemory({ device: device.name, segments: batch.length, givenUp: halvings === 0 });
    } else if (isFatal(error)) observer.fatal(error);
    const parts = partsToRetry(left, error, halvings);
    if (parts.length === 0) for (const segment of left) segment.reject(error);
    const halvingsLeft = isOutOfMemory(error) ? halvings - 1 : halvings;
    for (const part of parts) await runHalving(part, decoding, device, halvingsLeft, observer);
  }
}

function partsToRetry(
  batch: readonly BatchedSegment[],
  error: unknown,
  halvings: number,
): (readonly BatchedSegment[])[] {
  if (isOutOfMemory(error)) return halvings === 0 ? [] : halves(batch);
  if (isFatal(error)) return [];
  const calls = byCall(batch);
  return calls.length > 1 ? calls : [];
}

function halves<T>(items: readonly T[]): (readonly T[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].filter((half) => half.length > 0);
}

function byCall(batch: readonly BatchedSegment[]): (readonly BatchedSegment[])[] {
  const calls = new Map<object, BatchedSegment[]>();
  for (const segment of batch) calls.set(segment.call, [...(calls.get(segment.call) ?? []), segment]);
  return [...calls.values()];
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof MurmurationError && error.code === 'out-of-memory';
}

/** CUDA error 700 and its like: see layers/whisper/onnx-error.ts. */
function isFatal(error: unknown): boolean {
  return error instanceof MurmurationError && error.details['fatal'] === true;
}
