import type { Segment } from '@murmuration/pipeline/contract/plan';
import type { Pcm } from '@murmuration/pipeline/ports';
import type { PlainError } from '../plain-error.ts';

/** What a thread begins with. */
export interface SoundSetup {
  readonly bucket: string;
  /** A connection to the store that brings nothing for so long is given up. @default 20,000 */
  readonly idleMilliseconds?: number;
}

export interface SoundRequest {
  readonly id: number;
  readonly jobId: string;
  readonly segment: Segment;
  /** Where its samples go; memory that both threads see. */
  readonly into: Pcm;
}

export type SoundAnswer =
  /** So many samples are there. */
  | { readonly kind: 'read'; readonly id: number; readonly samples: number }
  /** Longer than the place that was given. */
  | { readonly kind: 'long'; readonly id: number; readonly pcm: Pcm }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };
