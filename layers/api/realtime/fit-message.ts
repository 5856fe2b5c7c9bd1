import type { LiveMessage } from '../contract/live-message.ts';

/** What API Gateway takes in one message. */
export const MOST_MESSAGE_BYTES = 131_072;

const sizeOf = (message: LiveMessage) => Buffer.byteLength(JSON.stringify(message));

/**
 * A message as one or more that fit: final words go in parts, of interim words the first are told, and of the whole text
 * the end, for its words were told before.
 */
export function fitMessage(message: LiveMessage, mostBytes = MOST_MESSAGE_BYTES): LiveMessage[] {
  if (sizeOf(message) <= mostBytes) return [message];
  switch (message.kind) {
    case 'final':
    case 'interim': {
      const { words } = message;
      // One word alone is never that long
      if (words.length < 2) return [];
      const half = Math.ceil(words.length / 2);
      const first = fitMessage({ ...message, words: words.slice(0, half) }, mostBytes);
      if (message.kind === 'interim') return first;
      return [...first, ...fitMessage({ ...message, words: words.slice(half) }, mostBytes)];
    }
    case 'done':
      return fitMessage({ ...message, text: endOf(message.text), isCut: true }, mostBytes);
    case 'pause':
    case 'error':
      return [message];
  }
}

/** Less of a text by a tenth, from a word on where there are words. */
function endOf(text: string): string {
  const end = text.slice(Math.ceil(text.length / 10));
  return end.includes(' ') ? end.slice(end.indexOf(' ') + 1) : end;
}

/** So much of the end of a text as fits in so many bytes, from a word on. */
export function lastBytes(text: string, mostBytes: number): string {
  let end = text;
  while (Buffer.byteLength(end) > mostBytes) end = endOf(end);
  return end;
}
