/** Browsers cannot send headers with a WebSocket: a key comes as the name of a second protocol. */
const KEY_PROTOCOL = /(?:^|[ ,])murmuration-key\.([\w.~+/=-]{1,200})(?:$|[ ,])/;

/** The protocol that is answered, to those who offer it: never the key. */
export const SOCKET_PROTOCOL = 'murmuration';

/** The `authorization` of a handshake, from its headers: that one, or the key among the protocols. */
export function socketAuthorization(headers: {
  readonly authorization?: string | undefined;
  readonly protocols?: string | undefined;
}): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization;
  const [, key] = KEY_PROTOCOL.exec(headers.protocols ?? '') ?? [];
  return key === undefined ? undefined : `Bearer ${key}`;
}
