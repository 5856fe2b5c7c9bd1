import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MetricName } from '@murmuration/pipeline/metrics';
import type { PipelinePorts } from '@murmuration/pipeline/pipeline-ports';
import type {
  DecodedMedia,
  Decoder,
  Engine,
  MediaSource,
  Pcm,
  RangeSource,
} from '@murmuration/pipeline/ports';
import { segmentOf } from '../unit/factories/transcript.ts';

const SECOND = 16_000;

/**
 * Reads numbers as recordings: each is a second whose samples all have that level, channels stand on lines of their own.
 * What is no number is damaged media.
 */
export function numberDecoder(): Decoder {
  async function open(source: MediaSource): Promise<{ info: DecodedMedia['info']; channels: number[][] }> {
    const { name, sizeBytes, read } = source as RangeSource;
    const text = new TextDecoder().decode(await read(0, sizeBytes));
    const channels = text.split('\n').map((line) => line.split(' ').map(Number));
    if (channels.flat().some(Number.isNaN)) {
      throw new MurmurationError('media-unreadable', `"${name}" is not audio or video: give another file`);
    }
    const info = { container: 'numbers', codec: 'text', sampleRateHertz: SECOND, narrowBand: false };
    return { info: { ...info, channels: channels.length, durationSeconds: undefined }, channels };
  }
  return {
    async decode(source) {
      const { info, channels } = await open(source);
      async function* blocks() {
        for (const level of channels[0]!) yield secondOf(level);
      }
      return { info, blocks: blocks(), warnings: [] };
    },
    async decodeChannels(source) {
      const { info, channels } = await open(source);
      async function* blocks() {
        for (const index of channels[0]!.keys()) yield channels.map((channel) => secondOf(channel[index]!));
      }
      return { info, blocks: blocks(), warnings: [] };
    },
  };
}

const secondOf = (level: number): Pcm => new Float32Array(SECOND).fill(level / 1000);

/** Every second is a segment. */
async function* cutSeconds(blocks: AsyncIterable<Pcm>) {
  let startSample = 0;
  let rest: Pcm = new Float32Array();
  for await (const block of blocks) {
    const held = new Float32Array(rest.length + block.length);
    held.set(rest);
    held.set(block, rest.length);
    const whole = held.length - (held.length % SECOND);
    for (let start = 0; start < whole; start += SECOND) {
      const pcm = held.slice(start, start + SECOND);
      yield { startSample, endSample: startSample + SECOND, overlapSamples: 0, speech: undefined, pcm };
      startSample += SECOND;
    }
    rest = held.slice(whole);
  }
}

export interface NumberEngine extends Engine {
  /** All levels that were heard. */
  readonly heard: number[];
}

/** Says the level of each segment; `fail` may throw instead. */
export function numberEngine(fail: (level: number) => void = () => undefined): NumberEngine {
  const heard: number[] = [];
  return {
    modelId: 'fake',
    modelSha256: 'f'.repeat(64),
    timesWords: false,
    heard,
    async transcribe(pcms) {
      return pcms.map((pcm) => {
        const level = Math.round(pcm[0]! * 1000);
        fail(level);
        heard.push(level);
        return segmentOf({ endSeconds: pcm.length / SECOND, text: ` ${level}.` });
      });
    },
    async close() {},
  };
}

type Counted = [name: MetricName, value: number | readonly number[], lane?: string];

/** Ports of a machine with nothing but memory; `counted` holds what was metered. */
export function portsInMemory(fields: Partial<PipelinePorts> = {}) {
  const counted: Counted[] = [];
  const store = memoryObjectStore();
  let now = Date.parse('2026-11-24T12:00:00Z');
  const ports: PipelinePorts = {
    store,
    meter: {
      add: (name, value, _unit, { lane } = {}) =>
        void counted.push(lane === undefined ? [name, value] : [name, value, lane]),
    },
    clock: () => (now += 1000),
    decoder: numberDecoder(),
    cut: cutSeconds,
    engine: numberEngine(),
    webhooks: {
      async post(url) {
        throw new Error(`nobody expected a webhook to ${url}`);
      },
    },
    webhookSecret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    model: 'fake',
    ...fields,
  };
  /** Puts a recording there, as its event tells it. */
  async function upload(key: string, body: string | Uint8Array) {
    await store.write(key, body);
    return { kind: 'media-uploaded', key, etag: store.etag(key), sizeBytes: body.length };
  }
  const text = async (key: string) => new TextDecoder().decode(await store.read(key));
  const json = async (key: string) => JSON.parse(await text(key));
  return { ports, store, counted, upload, text, json };
}
