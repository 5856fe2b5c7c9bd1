import type { RangeSource } from '@murmuration/pipeline/ports';

/** A source as FFmpeg can open it, and what must be tidied up afterwards. */
export interface OpenedSource {
  /** What messages call it. */
  readonly name: string;
  /** What FFmpeg opens: a `file:` name, or an address on this machine. */
  readonly input: string;
  /** The only protocols that FFmpeg needs, with commas between them. */
  readonly protocols: string;
  /** Undefined where reading would disturb it, as with a pipe. */
  readonly bytes: Pick<RangeSource, 'sizeBytes' | 'read'> | undefined;
  /** Throws what stopped its bytes, which FFmpeg may take for its end. */
  throwIfBroken(): void;
  /** May be called more than once. */
  close(): Promise<void>;
}
