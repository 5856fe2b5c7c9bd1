import type { BatchResult } from '../contract/batch-result.ts';
import { metrics } from '../metrics.ts';
import type { Meter } from '../ports.ts';

/** Counts what a lane did with a batch. */
export function meterBatch({ lane, transcripts, cached, engineSeconds }: BatchResult, meter: Meter): void {
  const heard = transcripts.length - cached;
  if (cached > 0) meter.add(metrics.cacheHits, cached, 'Count');
  if (heard === 0) return;
  meter.add(metrics.cacheMisses, heard, 'Count');
  meter.add(metrics.segmentLatency, (engineSeconds * 1000) / heard, 'Milliseconds', { lane });
}
