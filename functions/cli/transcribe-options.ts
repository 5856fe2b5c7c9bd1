import type { DeliveryOptions } from './delivery.ts';
import type { EditOptions } from './edits.ts';
import type { LaptopOptions } from './laptop.ts';

/** All that `murmuration transcribe` may be told. */
export interface TranscribeOptions extends LaptopOptions, DeliveryOptions, EditOptions {
  readonly task?: 'transcribe' | 'translate';
  readonly prompt?: string;
  readonly hotwords?: string[];
  readonly words?: boolean;
  readonly temperatures?: number[];
  readonly seed?: number;
  readonly compressionRatioThreshold?: number;
  readonly logprobThreshold?: number;
  readonly noSpeechThreshold?: number;
  readonly shortContext: boolean;
  /** Damage is warned of, and no failure. */
  readonly allowDamaged?: boolean;
  readonly channels?: 'mix' | 'separate';
  readonly preprocess?: 'none' | 'drc';
  /** Address of a server that is to hear instead of this machine. */
  readonly remote?: string;
  readonly apiKey?: string;
  /** Whether the model is the one that stands where none was chosen. */
  readonly isDefaultModel?: boolean;
}
