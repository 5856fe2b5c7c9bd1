import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ApiApp } from '../api-app.ts';
import type { ApiSettings } from '../api-settings.ts';
import { parseInput } from '../bodies/parse-input.ts';
import { LiveQuery } from '../contract/live-message.ts';
import type { AdmittedStream } from '../realtime/speech-session.ts';

/**
 * `GET /v1/realtime`, as far as HTTP goes: who asks passes the same gates as everybody, and the server of sockets, which
 * asks on a client's behalf, is told whose stream it is.
 */
export function realtimeRoutes(
  app: ApiApp,
  { settings: { realtimeUrl, noRealtime } }: { settings: Pick<ApiSettings, 'realtimeUrl' | 'noRealtime'> } = {
    settings: {},
  },
): void {
  app.get('/v1/realtime', (c) => {
    if (noRealtime !== undefined) throw new MurmurationError('not-found', noRealtime);
    const settings = parseInput(LiveQuery, c.req.query());
    const env = c.env as { admit?: (stream: AdmittedStream) => void } | undefined;
    env?.admit?.({ key: c.get('key'), requestId: c.get('requestId'), settings });
    const message = `live transcription needs a WebSocket: connect ${realtimeUrl === undefined ? 'to it with ws or wss' : `one to ${realtimeUrl}`}`;
    const error = { message, type: 'invalid_request_error', param: null, code: 'upgrade-required' };
    return c.json({ error }, 426, { upgrade: 'websocket' });
  });
}
