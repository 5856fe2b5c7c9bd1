import { memoryCache } from '@murmuration/pipeline/cache/memory-cache';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import type { DecodedMedia, Decoder, Engine, Pcm } from '@murmuration/pipeline/ports';
import {
  type RecordingPorts,
  type RecordingProgress,
  transcribeRecording,
} from '@murmuration/pipeline/steps/transcribe-recording';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const secondsOf = (seconds: number) => new Float32Array(seconds * 16_000);

function decoderOf(seconds: number[], warningsAtEnd: string[] = []): Decoder {
  return {
    async decode(): Promise<DecodedMedia> {
      const warnings: string[] = [];
      async function* blocks() {
        for (const length of seconds) yield secondsOf(length);
        warnings.push(...warningsAtEnd);
      }
      const info = { container: 'wav', codec: 'pcm_s16le', sampleRateHertz: 16_000, channels: 1 };
      return { info: { ...info, narrowBand: false, durationSeconds: 60 }, blocks: blocks(), warnings };
    },
    async decodeChannels(source, signal) {
      const { info, blocks, warnings } = await this.decode(source, signal);
      async function* pairs() {
        for await (const pcm of blocks) yield [pcm, pcm];
      }
      return { info: { ...info, channels: 2 }, blocks: pairs(), warnings };
    },
  };
}

/** Says one thing for each segment it is given. */
function engineOf(heard: (index: number) => Partial<SegmentTranscript>): Engine & { batches: number[] } {
  let said = 0;
  const batches: number[] = [];
  return {
    modelId: 'fake',
    modelSha256: 'f'.repeat(64),
    timesWords: false,
    batches,
    async transcribe(pcms: readonly Pcm[]) {
      batches.push(pcms.length);
      return pcms.map((pcm) => segmentOf({ endSeconds: pcm.length / 16_000, ...heard(said++) }));
    },
    async close() {},
  };
}

/** Every block is a segment. */
async function* cut(blocks: AsyncIterable<Pcm>) {
  let startSample = 0;
  for await (const pcm of blocks) {
    const endSample = startSample + pcm.length;
    yield { startSample, endSample, overlapSamples: 0, speech: undefined, pcm };
    startSample = endSample;
  }
}

const request = { source: 'talk.wav', decoding: {} };
const portsOf = (ports: Partial<RecordingPorts>): RecordingPorts => ({
  decoder: decoderOf([10, 20, 5]),
  engine: engineOf((index) => ({ text: ` part ${index}.` })),
  cut,
  ...ports,
});

describe('one recording', () => {
  it('says which model of a ladder wrote each segment, from the cache too', async () => {
    const engine = engineOf((index) => (index === 1 ? { model: 'better' } : {}));
    const ports = portsOf({ engine, cache: memoryCache({ maxEntries: 9 }) });
    for (const cached of [0, 3]) {
      const recording = await transcribeRecording(request, ports);
      expect(recording.cached).toBe(cached);
      expect(recording.transcript.model).toBe('fake');
      expect(recording.transcript.segments.map(({ model }) => model)).toEqual([
        undefined,
        'better',
        undefined,
      ]);
    }
  });

  it('becomes one transcript with times from its start', async () => {
    const word = { text: ' part', startSeconds: 1, endSeconds: 2, probability: 1 };
    const engine = engineOf((index) => ({ text: ` part ${index}.`, words: [word] }));
    const decoding = { words: true };
    const { transcript, warnings } = await transcribeRecording({ ...request, decoding }, portsOf({ engine }));
    expect(warnings).toEqual([]);
    expect(transcript).toMatchObject({
      model: 'fake',
      task: 'transcribe',
      language: 'en',
      durationSeconds: 35,
      text: 'part 0. part 1. part 2.',
    });
    expect(
      transcript.segments.map(({ startSeconds, endSeconds, words }) => [
        startSeconds,
        endSeconds,
        words?.[0]?.startSeconds,
      ]),
    ).toEqual([
      [0, 10, 1],
      [10, 30, 11],
      [30, 35, 31],
    ]);
  });

  it('goes to the engine in small batches, with progress after each', async () => {
    const engine = engineOf(() => ({}));
    const progress: RecordingProgress[] = [];
    const onProgress = (now: RecordingProgress) => progress.push(now);
    await transcribeRecording({ ...request, batchSize: 2 }, portsOf({ engine }), { onProgress });
    expect(engine.batches).toEqual([2, 1]);
    expect(progress.map((now) => [now.doneSeconds, now.totalSeconds])).toEqual([
      [30, 60],
      [35, 60],
    ]);
  });

  it('counts each channel that is heard for itself', async () => {
    const progress: RecordingProgress[] = [];
    const onProgress = (now: RecordingProgress) => progress.push(now);
    await transcribeRecording({ ...request, channels: 'separate', batchSize: 2 }, portsOf({}), {
      onProgress,
    });
    expect(progress.map((now) => [now.doneSeconds, now.heardSeconds])).toEqual([
      [10, 20],
      [30, 60],
      [35, 70],
    ]);
  });

  it('in which nothing was said has an empty text, and the language that the engine assumed', async () => {
    const engine = engineOf(() => ({ text: '', language: 'de' }));
    const { transcript } = await transcribeRecording(request, portsOf({ engine }));
    expect(transcript).toMatchObject({ text: '', language: 'de', durationSeconds: 35 });
  });

  it('without any audio has no known language', async () => {
    const decoder = decoderOf([]);
    const { transcript } = await transcribeRecording(request, portsOf({ decoder }));
    expect(transcript).toMatchObject({ text: '', language: 'und', durationSeconds: 0, segments: [] });
  });

  it('takes the language of most of its speech', async () => {
    const languages = ['de', 'fr', 'de'];
    const engine = engineOf((index) => ({ language: languages[index]! }));
    const { transcript } = await transcribeRecording(request, portsOf({ engine }));
    expect(transcript.language).toBe('fr');
  });

  it('hears a segment again whose language was only guessed, and keeps one that was sure', async () => {
    const guesses = [
      ['de', 0.9],
      ['de', 0.9],
      ['nn', 0.3],
      ['fr', 0.8],
    ] as const;
    const asked: unknown[] = [];
    const plain = engineOf((index) => {
      const [language, languageProbability] = guesses[index] ?? ['de', 1];
      return { text: ` part ${index}.`, language, languageProbability };
    });
    const engine: typeof plain = {
      ...plain,
      transcribe(pcms, decoding) {
        asked.push([pcms.length, decoding?.language]);
        return plain.transcribe(pcms, decoding);
      },
    };
    const decoder = decoderOf([10, 20, 5, 6]);
    const { transcript } = await transcribeRecording(request, portsOf({ engine, decoder }));
    expect(transcript.segments.map(({ language, text }) => [language, text])).toEqual([
      ['de', ' part 0.'],
      ['de', ' part 1.'],
      ['de', ' part 4.'],
      ['fr', ' part 3.'],
    ]);
    expect(asked).toEqual([
      [4, undefined],
      [1, 'de'],
    ]);
  });

  it('in Japanese is joined without spaces, its translation with them', async () => {
    const engine = () => engineOf(() => ({ text: 'はい。', language: 'ja' }));
    const japanese = await transcribeRecording(request, portsOf({ engine: engine() }));
    expect(japanese.transcript.text).toBe('はい。はい。はい。');
    const decoding = { task: 'translate' } as const;
    const english = await transcribeRecording({ ...request, decoding }, portsOf({ engine: engine() }));
    expect(english.transcript.text).toBe('はい。 はい。 はい。');
  });
});

it('transcribes a damaged recording up to its damage, with a warning', async () => {
  const decoder = decoderOf([10], ['ended early: 10.0 s of 60.0 s decoded']);
  const { transcript, warnings } = await transcribeRecording(request, portsOf({ decoder }));
  expect(transcript).toMatchObject({ text: 'part 0.', durationSeconds: 10 });
  expect(warnings).toEqual(['ended early: 10.0 s of 60.0 s decoded']);
});

it('stops between batches when it is told to', async () => {
  const stop = new AbortController();
  const onProgress = () => stop.abort();
  const work = transcribeRecording({ ...request, batchSize: 1 }, portsOf({}), {
    signal: stop.signal,
    onProgress,
  });
  await expect(work).rejects.toMatchObject({ code: 'aborted' });
});

it('works on some batches at once, holds few more, and keeps their order', async () => {
  const lengths = Array.from({ length: 24 }, (_, index) => 3 + (index % 5));
  let cutSegments = 0;
  let heardSegments = 0;
  let working = 0;
  let mostWorking = 0;
  let mostHeld = 0;
  async function* counted(blocks: AsyncIterable<Pcm>) {
    for await (const segment of cut(blocks)) {
      mostHeld = Math.max(mostHeld, ++cutSegments - heardSegments);
      yield segment;
    }
  }
  const fake = engineOf(() => ({}));
  const engine: Engine = {
    ...fake,
    async transcribe(pcms) {
      mostWorking = Math.max(mostWorking, ++working);
      // Those that came first take longest
      await new Promise((resolve) => setTimeout(resolve, 24 - cutSegments));
      working -= 1;
      heardSegments += pcms.length;
      return pcms.map((pcm) => segmentOf({ endSeconds: pcm.length / 16_000, text: ` ${pcm.length}` }));
    },
  };
  const { transcript } = await transcribeRecording(
    { ...request, batchSize: 2, batchesAtOnce: 3 },
    portsOf({ engine, decoder: decoderOf(lengths), cut: counted }),
  );
  expect(transcript.text).toBe(lengths.map((seconds) => seconds * 16_000).join(' '));
  expect(mostWorking).toBe(3);
  // Three batches in work, one that was cut meanwhile, one of which a segment is there
  expect(mostHeld).toBeLessThanOrEqual(2 * 5);
});
