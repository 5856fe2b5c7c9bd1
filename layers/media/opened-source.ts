import type { MurmurationError } from '@murmuration/pipeline/errors';
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
  /** What stopped its bytes, which FFmpeg may take for its end; `media-unreadable` where no store of ours said more. */
  whyBroken(): MurmurationError | undefined;
  /** May be called more than once. */
  close(): Promise<void>;
}
