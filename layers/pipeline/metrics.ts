/** The namespace and names of all metrics, for those who write them and those who draw and watch them. */
export const metricsNamespace = 'Murmuration';

export const metrics = {
  /** Batches that were offered to the GPU lane, or ended on the CPU lane. Dimension `lane`. */
  batches: 'Batches',
  /** Batches that no lane could transcribe, or that a lane gave up. Dimension `lane`. */
  batchErrors: 'BatchErrors',
  /** Milliseconds that a device worked for a segment, one value per segment: its share of a batch. Dimension `lane`. */
  segmentLatency: 'SegmentLatency',
  /** Milliseconds from upload to the first work on it. */
  queueWait: 'QueueWait',
  /** Batches that ended on the CPU lane after the GPU lane. */
  gpuFallbacks: 'GpuFallbacks',
  cacheHits: 'CacheHits',
  cacheMisses: 'CacheMisses',
  /** Calls to the cache that failed: the work goes on without it. */
  cacheErrors: 'CacheErrors',
  /** Segments that another model of the ladder wrote. Dimension `lane`. */
  segmentsEscalated: 'SegmentsEscalated',
  audioSeconds: 'AudioSeconds',
  jobsDone: 'JobsDone',
  jobsPartial: 'JobsPartial',
  jobsFailed: 'JobsFailed',
  webhooksDelivered: 'WebhooksDelivered',
  /** Webhooks that were given up. */
  webhooksFailed: 'WebhooksFailed',
  /** US dollars by the price table. */
  estimatedCost: 'EstimatedCost',
} as const;
export type MetricName = (typeof metrics)[keyof typeof metrics];
