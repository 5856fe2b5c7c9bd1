import type { LiveEvent } from '@murmuration/pipeline/contract/live-event';
import type { Word } from '@murmuration/pipeline/contract/transcript';
import type { OpenLive } from './live-port.ts';

/** Listens to the rest of a stream as if it had heard all of it: `text` was said in the `seconds` before. */
export function continuedLive(
  openLive: OpenLive,
  { seconds, text }: { readonly seconds: number; readonly text: string },
): OpenLive {
  const later = (words: readonly Word[]) =>
    words.map((word) => ({
      ...word,
      startSeconds: word.startSeconds + seconds,
      endSeconds: word.endSeconds + seconds,
    }));
  function placed(event: LiveEvent): LiveEvent {
    switch (event.kind) {
      case 'interim':
      case 'final':
        return { ...event, words: later(event.words) };
      case 'pause':
        return { ...event, atSeconds: event.atSeconds + seconds };
      case 'done':
        return {
          ...event,
          durationSeconds: event.durationSeconds + seconds,
          text: `${text} ${event.text}`.trim(),
        };
    }
  }
  return (settings, onEvent) => openLive(settings, (event) => onEvent(placed(event)));
}
