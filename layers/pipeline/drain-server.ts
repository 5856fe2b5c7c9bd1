import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** Takes no more connections, and comes back when all requests are answered or the time is over. */
export async function drainServer(server: Server, seconds: number): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  // Connections are kept for a next request, which must not come
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await Promise.race([closed, setTimeout(seconds * 1000, undefined, { ref: false })]);
  clearInterval(idle);
  server.closeAllConnections();
}
