import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import type { Engine, Pcm, SettledSegment } from '@murmuration/pipeline/ports';
import type { EngineOptions } from '@murmuration/whisper/engine';
import type { PlainError } from '../plain-error.ts';
import type { GpuOptions } from './open-gpu-session.ts';

/** What a thread begins with. */
export interface EngineSetup extends EngineOptions {
  readonly gpu?: GpuOptions | undefined;
}

export type EngineRequest =
  | {
      readonly kind: 'transcribe';
      readonly id: number;
      readonly segments: readonly Pcm[];
      readonly decoding: DecodingInput | undefined;
    }
  | { readonly kind: 'close' };

export type EngineAnswer =
  | { readonly kind: 'ready'; readonly model: Pick<Engine, 'modelId' | 'modelSha256' | 'timesWords'> }
  /** The engine could not be made. */
  | { readonly kind: 'broken'; readonly error: PlainError }
  /** While others of the same request are heard again. */
  | { readonly kind: 'settled'; readonly id: number; readonly segments: readonly SettledSegment[] }
  | { readonly kind: 'heard'; readonly id: number; readonly transcripts: SegmentTranscript[] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };
