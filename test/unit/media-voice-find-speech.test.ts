import { readFileSync } from 'node:fs';
import { findSpeech } from '@murmuration/media/voice/find-speech';
import { describe, expect, it } from 'vitest';

/** Written by make_voice_fixture.py. */
const cases: readonly {
  /** [probability, windows] */
  readonly runs: readonly (readonly [number, number])[];
  readonly samples: number;
  readonly options: Readonly<Record<string, number>>;
  readonly speech: readonly (readonly [number, number])[];
}[] = JSON.parse(readFileSync(new URL('../fixtures/voice/spans.json', import.meta.url), 'utf8'));

describe('findSpeech', () => {
  it.each([...cases.entries()])(
    'finds what faster-whisper finds, case %i',
    (_, { runs, samples, options, speech }) => {
      const probabilities = runs.flatMap(([probability, windows]) =>
        Array<number>(windows).fill(probability),
      );
      const found = findSpeech(probabilities, samples, {
        threshold: options['threshold'],
        minSpeechMilliseconds: options['min_speech_duration_ms'],
        maxSpeechSeconds: options['max_speech_duration_s'],
        minSilenceMilliseconds: options['min_silence_duration_ms'],
        paddingMilliseconds: options['speech_pad_ms'],
      });
      expect(found.map(({ startSample, endSample }) => [startSample, endSample])).toEqual(speech);
    },
  );
});
