import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ApiEnv } from '../api-app.ts';
import type { ApiTelemetry } from '../api-telemetry.ts';

/** Gives each request an id, and measures it. */
export function observe(newId: () => string, telemetry: ApiTelemetry): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = `req_${newId().replaceAll('-', '')}`;
    c.set('requestId', requestId);
    const answered = telemetry.requestStarted();
    const startedAt = performance.now();
    await next();
    c.header('x-request-id', requestId);
    // Until the first byte: what streams goes on
    c.header('openai-processing-ms', `${Math.round(performance.now() - startedAt)}`);
    // The pattern, for the paths are without end
    answered(routePath(c, -1), c.res.status);
  };
}
