import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What offers another protocol: headers, and what `Connection` says of them. */
const offers = new Set(['upgrade', 'http2-settings']);
const isOffer = (name: string) => offers.has(name.trim().toLowerCase());

/** Whether it wants a WebSocket: that alone is a reason to leave HTTP/1.1 here. */
export const wantsSocket = ({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

/**
 * Serves a request that offers another protocol, such as h2c, as if it had not: RFC 9110 (7.8) leaves that to the server,
 * and clients offer it with any request (`curl --http2`, Java's HttpClient). Node has let go of the connection by then and
 * not read the body, so the head is put back in front of it and read once more.
 */
export function servePlainly(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!, rawHeaders[at + 1]!];
    const isConnection = name.toLowerCase() === 'connection';
    const kept = isConnection ? value.split(',').filter((option) => !isOffer(option)) : [value];
    if (!isOffer(name) && kept.length > 0) lines.push(`${name}: ${kept.join(',')}`);
  }
  // Node hears the end of its patience once for each time that it takes the connection
  socket.removeAllListeners('timeout');
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
