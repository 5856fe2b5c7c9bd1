import type { BatchResult } from '../contract/batch-result.ts';
import { metrics } from '../metrics.ts';
import type { Meter } from '../ports.ts';

/** Counts what a lane did with a batch. */
export function meterBatch(result: BatchResult, meter: Meter): void {
  const { lane, transcripts, cached, segmentSeconds } = result;
  const heard = transcripts.length - cached;
  if (cached > 0) meter.add(metrics.cacheHits, cached, 'Count');
  if (heard === 0) return;
  meter.add(metrics.cacheMisses, heard, 'Count');
  const milliseconds = segmentSeconds.map((seconds) => seconds * 1000);
  meter.add(metrics.segmentLatency, milliseconds, 'Milliseconds', { lane });
}
