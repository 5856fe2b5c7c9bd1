/** A source as FFmpeg can open it, and what must be tidied up afterwards. */
export interface OpenedSource {
  /** What messages call it. */
  readonly name: string;
  /** What FFmpeg opens: a `file:` name, or an address on this machine. */
  readonly input: string;
  /** The only protocols that FFmpeg needs, with commas between them. */
  readonly protocols: string;
  /** Reads any bytes of it; undefined where that would disturb it, as with a pipe. */
  readonly readBytes: ((start: number, end: number) => Promise<Uint8Array>) | undefined;
  /** Throws what stopped its bytes, which FFmpeg may take for its end. */
  throwIfBroken(): void;
  /** May be called more than once. */
  close(): Promise<void>;
}
