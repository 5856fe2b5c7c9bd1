import type { Streams } from '@murmuration/api/api-ports';
import { STREAMS_AT_ONCE } from '@murmuration/api/contract/api-key';
import type { SocketMessage, SocketMessages, SocketReplies } from '@murmuration/api/realtime/socket-messages';

/** Keeps messages in this process, as the table does. What is put without an id of its sending is put again. */
export function memorySocketMessages(): SocketMessages & {
  put(connectionId: string, message: SocketMessage, sendingId?: string): Promise<boolean>;
} {
  const kept = new Map<string, Map<number, SocketMessage>>();
  const sendings = new Map<string, string | undefined>();
  const gone = new Set<string>();
  const claims = new Set<string>();
  return {
    async put(id, message, sendingId) {
      if (message.kind === 'gone') {
        gone.add(id);
        return true;
      }
      const place = `${id} ${message.index}`;
      if (sendings.has(place) && sendings.get(place) !== sendingId) return false;
      sendings.set(place, sendingId);
      const messages = kept.get(id) ?? new Map();
      kept.set(id, messages.set(message.index, message));
      return true;
    },
    async read(id, from) {
      const numbered = [...(kept.get(id) ?? [])].filter(([index]) => index >= from).sort(([a], [b]) => a - b);
      return [
        ...numbered.map(([, message]) => message),
        ...(gone.has(id) ? [{ kind: 'gone' as const }] : []),
      ];
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

/** Places of streams in this process, as the table has them. */
export function memoryStreams(): Streams & { readonly taken: Map<string, string>; kept: number } {
  const taken = new Map<string, string>();
  return {
    taken,
    kept: 0,
    async open({ id, streamsAtOnce = STREAMS_AT_ONCE }, streamId) {
      for (let place = 0; place < streamsAtOnce; place++) {
        if (taken.has(`${id} ${place}`)) continue;
        taken.set(`${id} ${place}`, streamId);
        return place;
      }
      return undefined;
    },
    async keep() {
      this.kept += 1;
    },
    async close({ id }, streamId, place) {
      if (taken.get(`${id} ${place}`) === streamId) taken.delete(`${id} ${place}`);
    },
  };
}
