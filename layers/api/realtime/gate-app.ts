import { Hono } from 'hono';
import { answerError } from '../answer-error.ts';
import type { ApiApp, ApiEnv } from '../api-app.ts';
import type { ApiPorts } from '../api-ports.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { realtimeRoutes } from '../routes/realtime.ts';

/** Of the API only who may speak, for a gate that does nothing else. */
export function gateApp(
  ports: Pick<ApiPorts, 'keyRing' | 'callerOf' | 'ledger' | 'clock' | 'newId' | 'onError'>,
): ApiApp {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set('requestId', `req_${ports.newId().replaceAll('-', '')}`);
    await next();
  });
  app.use('/v1/*', authenticate(ports));
  realtimeRoutes(app);
  app.onError((error, c) => {
    const answer = answerError(c, error);
    if (answer.status >= 500) ports.onError(error, c.get('requestId'));
    return answer;
  });
  return app;
}
