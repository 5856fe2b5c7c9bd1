import type { OpenLive } from '@murmuration/api/realtime/live-port';
import type { LiveEvent } from '@murmuration/pipeline/contract/live-event';
import type { Word } from '@murmuration/pipeline/contract/transcript';

export const BYTES_PER_SECOND = 32_000;

/**
 * Audio that says itself: each second is one word, the number that its samples hold, and 0 is a pause. So what was heard
 * twice, not at all or at the wrong time shows.
 */
export function spoken(numbers: readonly number[]): Buffer {
  return Buffer.concat(
    numbers.map((number) => {
      const samples = new Int16Array(BYTES_PER_SECOND / 2).fill(number);
      return Buffer.from(samples.buffer);
    }),
  );
}

/** Hears `spoken` audio at once: a word is final when the next second begins. */
export const openSpoken: OpenLive = (_, onEvent) => {
  let kept = Buffer.alloc(0);
  let heardSeconds = 0;
  let isQuiet = true;
  const said: string[] = [];
  let finish = () => {};
  let fail: (error: unknown) => void = () => {};
  const tell = (event: LiveEvent) => onEvent(event);
  function hear(isLast: boolean): void {
    while (kept.length >= BYTES_PER_SECOND || (isLast && kept.length > 0)) {
      // In the middle of the second, for a new listener may begin within one
      const number = kept.readInt16LE(2 * Math.floor(Math.min(kept.length, BYTES_PER_SECOND) / 4));
      const startSeconds = heardSeconds;
      heardSeconds += Math.min(kept.length, BYTES_PER_SECOND) / BYTES_PER_SECOND;
      kept = kept.subarray(BYTES_PER_SECOND);
      if (number === 0) {
        // Who has not spoken does not pause
        if (!isQuiet) tell({ kind: 'pause', atSeconds: heardSeconds });
        isQuiet = true;
        continue;
      }
      isQuiet = false;
      const word: Word = { text: ` ${number}`, startSeconds, endSeconds: heardSeconds, probability: 1 };
      tell({ kind: 'interim', words: [word] });
      tell({ kind: 'final', words: [word] });
      said.push(word.text);
    }
  }
  return {
    waitingSeconds: 0,
    get openSeconds() {
      return heardSeconds;
    },
    push(bytes) {
      kept = Buffer.concat([kept, bytes]);
      hear(false);
    },
    end() {
      hear(true);
      tell({ kind: 'done', durationSeconds: heardSeconds, text: said.join('').trim() });
      finish();
    },
    stop: () => finish(),
    finished: new Promise((resolve, reject) => {
      finish = resolve;
      fail = reject;
      void fail;
    }),
  };
};
