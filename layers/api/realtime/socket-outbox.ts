import type { LiveMessage } from '../contract/live-message.ts';

/** Messages on their way to a client that is reached by one call each, in order. */
export interface SocketOutbox {
  /** Interim words that wait are dropped for newer ones. */
  push(message: LiveMessage): void;
  /** Resolves once nothing waits. */
  emptied(): Promise<void>;
}

/** `post` answers false where the client is gone; then, or when it throws, `onLost` is told, and nothing more is sent. */
export function socketOutbox(
  post: (text: string) => Promise<boolean>,
  onLost: (error: unknown) => void,
): SocketOutbox {
  let waiting: LiveMessage[] = [];
  let sending: Promise<void> | undefined;
  let isLost = false;

  async function send(): Promise<void> {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      if (isLost) continue;
      try {
        isLost = !(await post(JSON.stringify(message)));
        if (isLost) onLost(undefined);
      } catch (error) {
        isLost = true;
        onLost(error);
      }
    }
    sending = undefined;
  }

  return {
    push(message) {
      if (message.kind === 'interim') waiting = waiting.filter(({ kind }) => kind !== 'interim');
      waiting.push(message);
      sending ??= send();
    },
    emptied: async () => sending,
  };
}
