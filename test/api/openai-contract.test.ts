import type {
  TranscriptionAnswer,
  TranscriptionEvent,
  VerboseAnswer,
} from '@murmuration/api/contract/transcription-answer';
import type {
  TranscriptionParameters,
  TranslationParameters,
} from '@murmuration/api/contract/transcription-parameters';
import type {
  Transcription,
  TranscriptionCreateParams,
  TranscriptionSegment,
  TranscriptionStreamEvent,
  TranscriptionTextDeltaEvent,
  TranscriptionTextDoneEvent,
  TranscriptionVerbose,
  TranscriptionWord,
} from 'openai/resources/audio/transcriptions';
import type { TranslationCreateParams, TranslationVerbose } from 'openai/resources/audio/translations';
import { describe, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';

/** As JSON brings it, which knows no undefined. */
type Json<T> = T extends (infer Item)[]
  ? Json<Item>[]
  : T extends object
    ? { [Key in keyof T]: Json<Exclude<T[Key], undefined>> }
    : T;
type Answer = Json<z.infer<typeof TranscriptionAnswer>>;
type Verbose = Json<z.infer<typeof VerboseAnswer>>;
type Event = Json<z.infer<typeof TranscriptionEvent>>;
type Of<Type extends Event['type']> = Extract<Event, { type: Type }>;
type Parameters = z.input<typeof TranscriptionParameters>;
type ParametersOfTranslation = z.input<typeof TranslationParameters>;

/** Checked by the compiler, against the types of OpenAI's own client: a field that it gains shows here. */
describe("the contract, beside the types of OpenAI's client", () => {
  it('answers what they are declared to be', () => {
    expectTypeOf<Answer>().toExtend<Transcription>();
    expectTypeOf<Verbose>().toExtend<TranscriptionVerbose>();
    expectTypeOf<Verbose>().toExtend<TranslationVerbose>();
    expectTypeOf<Event>().toExtend<TranscriptionStreamEvent>();
  });

  it('leaves out no field of an answer', () => {
    expectTypeOf<keyof Transcription>().toExtend<keyof Answer>();
    expectTypeOf<keyof TranscriptionVerbose>().toExtend<keyof Verbose>();
    expectTypeOf<keyof TranscriptionSegment>().toExtend<keyof NonNullable<Verbose['segments']>[number]>();
    expectTypeOf<keyof TranscriptionWord>().toExtend<keyof NonNullable<Verbose['words']>[number]>();
    // Of segments that are told apart by speaker
    type Delta = Exclude<keyof TranscriptionTextDeltaEvent, 'segment_id'>;
    expectTypeOf<Delta>().toExtend<keyof Of<'transcript.text.delta'>>();
    expectTypeOf<keyof TranscriptionTextDoneEvent>().toExtend<keyof Of<'transcript.text.done'>>();
    type Usage = keyof NonNullable<TranscriptionTextDoneEvent['usage']>;
    expectTypeOf<Usage>().toExtend<keyof Of<'transcript.text.done'>['usage']>();
  });

  it('knows every parameter, be it to refuse it', () => {
    expectTypeOf<Exclude<keyof TranscriptionCreateParams, 'file'>>().toExtend<keyof Parameters>();
    expectTypeOf<Exclude<keyof TranslationCreateParams, 'file'>>().toExtend<keyof ParametersOfTranslation>();
  });
});
