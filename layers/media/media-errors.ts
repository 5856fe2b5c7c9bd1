import { MurmurationError, throwIfAborted as stopIfAborted } from '@murmuration/pipeline/errors';

/** `media-unreadable` in one wording for all adapters. */
export function unreadable(name: string, reason: string): MurmurationError {
  return new MurmurationError(
    'media-unreadable',
    `cannot read "${name}" as audio or video: ${reason}. is it really a media file?`,
    { details: { path: name, reason } },
  );
}

export function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  stopIfAborted(signal, `stopped while decoding "${name}"`);
}
