import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError, throwIfAborted } from '@murmuration/pipeline/errors';
import type { Clock, Pcm } from '@murmuration/pipeline/ports';
import type { BatchedDevice } from './batched-device.ts';
import type { BatchingObserver } from './batching-observer.ts';
import type { BatchingPolicy } from './batching-policy.ts';
import { createFairShare } from './fair-share.ts';
import { pickBatch } from './pick-batch.ts';
import { type BatchedSegment, runHalving } from './run-halving.ts';
import type { SegmentWindow } from './segment-window.ts';
import type { WaitingSegment } from './waiting-segment.ts';
import { watchForStalls } from './watch-for-stalls.ts';

export interface BatcherPorts {
  readonly observer: BatchingObserver;
  readonly now?: Clock;
  /** @default all have the same */
  readonly windowOf?: SegmentWindow;
}

/** Gathers the segments of concurrent calls into batches, one queue for all devices. */
export interface Batcher {
  /**
   * Results in the order of `segments`; before they come, `worked` hears what a device worked for each, in seconds. Throws
   * what the engine throws, and `aborted`.
   */
  transcribe(
    tenant: string,
    segments: readonly Pcm[],
    decoding?: DecodingInput,
    signal?: AbortSignal,
    worked?: (seconds: readonly number[]) => void,
  ): Promise<SegmentTranscript[]>;
  /** Segments that no device has begun with. */
  waiting(): number;
}

interface Waiting extends WaitingSegment, BatchedSegment {
  readonly decoding: DecodingInput | undefined;
}

const ABORTED = 'transcription was aborted';

/** `devices` are at least one, and all run the same model. */
export function createBatcher(
  devices: readonly BatchedDevice[],
  policy: BatchingPolicy,
  { observer, now = Date.now, windowOf = () => '' }: BatcherPorts,
): Batcher {
  let queue: Waiting[] = [];
  const running = new Map<BatchedDevice, number>(
    devices.map((device) => [watchForStalls(device, policy.stallMilliseconds, fatal), 0]),
  );
  const share = createFairShare();
  const failCalls = new Set<(error: unknown) => void>();
  let timer: NodeJS.Timeout | undefined;
  let lost: { readonly error: unknown } | undefined;

  /** The process is about to end: whoever waits, for whichever device, is told now instead of being cut off. */
  function fatal(error: unknown): void {
    if (lost !== undefined) return;
    lost = { error };
    queue = [];
    for (const fail of failCalls) fail(error);
    observer.fatal(error);
  }

  function remove(segments: ReadonlySet<Waiting>): void {
    queue = queue.filter((segment) => !segments.has(segment));
    const tenants = new Set(queue.map(({ tenant }) => tenant));
    share.forget((tenant) => tenants.has(tenant));
  }

  /** Starts whatever can be started now. */
  function dispatch(): void {
    clearTimeout(timer);
    while (queue.length > 0) {
      const [device, busy] = [...running].reduce((least, next) => (next[1] < least[1] ? next : least));
      if (busy >= policy.batchesAtOnce) return;
      const mostSegments = device.limit.current();
      const batch = pickBatch(queue, share.served, { mostSegments, mostPadding: policy.mostPadding });
      const isFull = batch.length >= mostSegments || queue.length > mostSegments;
      // Behind a running batch, waiting costs nothing: more may come in the meantime
      if (busy > 0 && !isFull) return;
      const waitMilliseconds = policy.gatherMilliseconds - (now() - oldest(batch));
      if (!isFull && waitMilliseconds > 0) {
        timer = setTimeout(dispatch, waitMilliseconds);
        return;
      }
      start(batch, device);
    }
  }

  function start(batch: readonly Waiting[], device: BatchedDevice): void {
    for (const { tenant } of batch) share.charge(tenant, 1);
    remove(new Set(batch));
    running.set(device, running.get(device)! + 1);
    const waitedMilliseconds = now() - oldest(batch);
    observer.started({ device: device.name, segments: batch.length, waitedMilliseconds });
    runHalving(batch, batch[0]!.decoding, device, policy.halvings, { ...observer, fatal }).finally(() => {
      running.set(device, running.get(device)! - 1);
      dispatch();
    });
  }

  return {
    waiting: () => queue.length,
    async transcribe(tenant, segments, decoding, signal, worked) {
      throwIfAborted(signal, ABORTED);
      if (lost !== undefined) throw lost.error;
      if (segments.length === 0) return [];
      const call = {};
      const manner = JSON.stringify(decoding ?? {});
      const arrivedAt = now();
      share.join(tenant);
      const own: Waiting[] = [];
      const seconds: number[] = [];
      const answers = segments.map(
        (pcm, index) =>
          new Promise<SegmentTranscript>((answer, reject) => {
            const resolve = (transcript: SegmentTranscript, workedSeconds: number) => {
              seconds[index] = workedSeconds;
              answer(transcript);
            };
            const group = `${windowOf(pcm.length, decoding)} ${manner}`;
            own.push({ tenant, group, samples: pcm.length, arrivedAt, pcm, call, decoding, resolve, reject });
          }),
      );
      const fail = (error: unknown) => {
        for (const segment of own) segment.reject(error);
      };
      const abort = () => fail(new MurmurationError('aborted', ABORTED, { cause: signal?.reason }));
      signal?.addEventListener('abort', abort, { once: true });
      failCalls.add(fail);
      queue.push(...own);
      dispatch();
      try {
        const transcripts = await Promise.all(answers);
        worked?.(seconds);
        return transcripts;
      } catch (error) {
        // The rest of a call that failed is of no use to anyone
        remove(new Set(own));
        throw error;
      } finally {
        failCalls.delete(fail);
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}

function oldest(batch: readonly Waiting[]): number {
  return Math.min(...batch.map(({ arrivedAt }) => arrivedAt));
}
