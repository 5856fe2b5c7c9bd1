import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Transcribed } from './api-ports.ts';

/** What `/metrics` says, in Prometheus's text. */
export interface ApiTelemetry {
  /** Call what comes back with the route and the status of the answer. */
  requestStarted(): (route: string, status: number) => void;
  transcribed(recording: Transcribed, seconds: number): void;
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 30, 60, 300];

export function createApiTelemetry(): ApiTelemetry {
  const registers = [new Registry()];
  const registry = registers[0]!;
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'murmuration_api_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'status'],
    registers,
  });
  const underWay = new Gauge({
    name: 'murmuration_api_requests_under_way',
    help: 'Requests without an answer yet.',
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'murmuration_api_request_seconds',
    help: 'From the request to the head of its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const audioSeconds = new Counter({
    name: 'murmuration_api_audio_seconds_total',
    help: 'Seconds of audio transcribed.',
    registers,
  });
  const cacheHits = new Counter({
    name: 'murmuration_api_cached_segments_total',
    help: 'Segments that came from the cache.',
    registers,
  });
  const transcribeSeconds = new Histogram({
    name: 'murmuration_api_transcribe_seconds',
    help: 'What a recording took, while its client waited.',
    buckets: SECONDS,
    registers,
  });
  return {
    requestStarted() {
      underWay.inc();
      const startedAt = performance.now();
      return (route, status) => {
        underWay.dec();
        requests.inc({ route, status: `${status}` });
        requestSeconds.observe({ route }, (performance.now() - startedAt) / 1000);
      };
    },
    transcribed({ transcript, cached }, seconds) {
      audioSeconds.inc(transcript.durationSeconds);
      cacheHits.inc(cached);
      transcribeSeconds.observe(seconds);
    },
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
