import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { BatchingObserver } from './batching/batching-observer.ts';

/** What `/metrics` says, in Prometheus's text. */
export interface Telemetry extends Omit<BatchingObserver, 'fatal'> {
  /** Call what comes back with the code that the request ended with, or `ok`. */
  requestStarted(): (code: string) => void;
  freeBytes(device: string, bytes: number): void;
  /** Called when metrics are read. */
  watch(gauges: { readonly waiting: () => number; readonly limits: () => ReadonlyMap<string, number> }): void;
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 30, 60];

export function createTelemetry(): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `murmuration_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `murmuration_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name: `murmuration_${name}`, help, buckets, labelNames, registers });

  const requests = counter('requests_total', 'Requests answered, by error code or ok.', ['code']);
  const underWay = gauge('requests_under_way', 'Requests that are being answered.');
  const requestSeconds = histogram('request_seconds', 'From the body to the answer.', SECONDS);
  const segments = counter('segments_total', 'Segments that an engine transcribed.', ['device']);
  const escalated = counter('escalated_segments_total', 'Segments that another model of the ladder wrote.', [
    'device',
  ]);
  const audioSeconds = counter('audio_seconds_total', 'Seconds of audio transcribed.', ['device']);
  const batchSegments = histogram(
    'batch_segments',
    'Segments in a batch.',
    [1, 2, 4, 8, 16, 32, 64, 128],
    ['device'],
  );
  const batchSeconds = histogram(
    'batch_seconds',
    'What a batch took, from the engine in to the engine out.',
    SECONDS,
    ['device'],
  );
  const padding = histogram(
    'batch_padding_share',
    'How much shorter than the longest the segments of a batch are; a GPU adds the rest of the window.',
    [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1],
  );
  const waited = histogram('queue_wait_seconds', 'The longest wait of a batch.', SECONDS);
  const memory = counter('out_of_memory_total', 'Batches that did not fit; given_up: after all halvings.', [
    'device',
    'given_up',
  ]);
  const free = gauge('device_free_bytes', 'Free memory of a device.', ['device']);
  const waiting = gauge('segments_waiting', 'Segments that no device has begun with.');
  const limit = gauge('batch_limit_segments', 'The most that a device takes at once, now.', ['device']);
  let gauges: Parameters<Telemetry['watch']>[0] | undefined;

  return {
    requestStarted() {
      underWay.inc();
      const stop = requestSeconds.startTimer();
      return (code) => {
        underWay.dec();
        stop();
        requests.inc({ code });
      };
    },
    started({ waitedMilliseconds }) {
      waited.observe(waitedMilliseconds / 1000);
    },
    finished({
      device,
      segments: count,
      milliseconds,
      audioSeconds: seconds,
      padding: share,
      escalated: up,
    }) {
      segments.inc({ device }, count);
      escalated.inc({ device }, up);
      audioSeconds.inc({ device }, seconds);
      batchSegments.observe({ device }, count);
      batchSeconds.observe({ device }, milliseconds / 1000);
      padding.observe(share);
    },
    outOfMemory({ device, givenUp }) {
      memory.inc({ device, given_up: `${givenUp}` });
    },
    freeBytes(device, bytes) {
      free.set({ device }, bytes);
    },
    watch(next) {
      gauges = next;
    },
    async read() {
      waiting.set(gauges?.waiting() ?? 0);
      for (const [device, segments] of gauges?.limits() ?? []) limit.set({ device }, segments);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
