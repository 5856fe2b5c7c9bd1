import type { SocketMessage, SocketMessages, SocketReplies } from '@murmuration/api/realtime/socket-messages';

/** Keeps messages in this process, as the table does. */
export function memorySocketMessages(): SocketMessages {
  const kept = new Map<string, Map<number, SocketMessage>>();
  const problems = new Map<string, SocketMessage[]>();
  const claims = new Set<string>();
  return {
    async put(id, message) {
      if ('index' in message) {
        const messages = kept.get(id) ?? new Map();
        kept.set(id, messages.set(message.index, message));
      } else problems.set(id, [...(problems.get(id) ?? []), message]);
    },
    async read(id, from) {
      const numbered = [...(kept.get(id) ?? [])].filter(([index]) => index >= from).sort(([a], [b]) => a - b);
      return [...numbered.map(([, message]) => message), ...(problems.get(id) ?? [])];
    },
    async claim(id, index) {
      const claim = `${id} ${index}`;
      if (claims.has(claim)) return false;
      claims.add(claim);
      return true;
    },
  };
}

/** Notes what is posted; a connection that was closed, or never there, is gone. */
export function memorySocketReplies(): SocketReplies & {
  readonly posted: unknown[];
  readonly closed: string[];
  isGone: boolean;
} {
  const posted: unknown[] = [];
  const closed: string[] = [];
  return {
    posted,
    closed,
    isGone: false,
    async post(id, text) {
      if (this.isGone || closed.includes(id)) return false;
      posted.push(JSON.parse(text));
      return true;
    },
    async close(id) {
      closed.push(id);
    },
  };
}
