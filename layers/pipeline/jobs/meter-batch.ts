import type { BatchResult } from '../contract/batch-result.ts';
import { metrics } from '../metrics.ts';
import type { Meter } from '../ports.ts';
import { countEscalated } from '../transcripts/count-escalated.ts';

/** Counts what a lane heard in a batch. */
export function meterBatch(result: BatchResult, meter: Meter): void {
  const { lane, transcripts, cached, segmentSeconds } = result;
  const heard = transcripts.length - cached;
  if (cached > 0) meter.add(metrics.cacheHits, cached, 'Count');
  const escalated = countEscalated(transcripts);
  if (escalated > 0) meter.add(metrics.segmentsEscalated, escalated, 'Count', { lane });
  if (heard === 0) return;
  meter.add(metrics.cacheMisses, heard, 'Count');
  const milliseconds = segmentSeconds.map((seconds) => seconds * 1000);
  meter.add(metrics.segmentLatency, milliseconds, 'Milliseconds', { lane });
}

/** Counts a batch that came to its end on the CPU lane: once, however often it was tried. */
export function meterCpuEnd(
  { fromGpu, isDead }: { readonly fromGpu: boolean; readonly isDead: boolean },
  meter: Meter,
): void {
  meter.add(metrics.batches, 1, 'Count', { lane: 'cpu' });
  if (fromGpu) meter.add(metrics.gpuFallbacks, 1, 'Count');
  if (isDead) meter.add(metrics.batchErrors, 1, 'Count', { lane: 'cpu' });
}
