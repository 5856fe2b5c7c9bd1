import { MurmurationError, throwIfAborted as stopIfAborted } from '@murmuration/pipeline/errors';

/** `media-unreadable` in one wording for all adapters. */
export function unreadable(name: string, reason: string): MurmurationError {
  return new MurmurationError(
    'media-unreadable',
    `cannot read "${name}" as audio or video: ${reason}. is it really a media file?`,
    { details: { path: name, reason } },
  );
}

/** Of an mp4 that ends before it says what is where. */
export function withoutIndex(name: string, cause: unknown): MurmurationError {
  return new MurmurationError(
    'media-truncated',
    `"${name}" is cut off before its index (moov), without which nothing of it can be read: copy it again`,
    { details: { path: name }, cause },
  );
}

/** @param how the scheme, in words */
export function encrypted(name: string, how: string): MurmurationError {
  return new MurmurationError(
    'media-unreadable',
    `"${name}" is encrypted (${how}): its sound cannot be read without the key. give a copy without protection`,
    { details: { path: name, encryption: how } },
  );
}

export function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  stopIfAborted(signal, `stopped while decoding "${name}"`);
}
