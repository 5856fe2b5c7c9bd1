import { MurmurationError } from '@murmuration/pipeline/errors';
import { Hono } from 'hono';
import { answerError } from './answer-error.ts';
import type { ApiApp, ApiEnv } from './api-app.ts';
import type { ApiPorts } from './api-ports.ts';
import type { ApiSettings } from './api-settings.ts';
import { createApiTelemetry } from './api-telemetry.ts';
import type { ApiTools } from './api-tools.ts';
import { basePathOf } from './base-path-of.ts';
import { drainBody } from './bodies/drain-body.ts';
import { isOurFault } from './is-our-fault.ts';
import { authenticate } from './middleware/authenticate.ts';
import { observe } from './middleware/observe.ts';
import { refuseStrangers } from './middleware/refuse-strangers.ts';
import { createPlaces } from './places.ts';
import { audioRoutes } from './routes/audio.ts';
import { documentRoutes } from './routes/document.ts';
import { jobRoutes } from './routes/jobs.ts';
import { listenRoutes } from './routes/listen.ts';
import { modelRoutes } from './routes/models.ts';
import { operationRoutes } from './routes/operation.ts';
import { pageRoutes } from './routes/page.ts';
import { realtimeRoutes } from './routes/realtime.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { uploadRoutes } from './routes/uploads.ts';

/** The whole HTTP API, for any server that speaks `fetch`: API Gateway, or this machine. */
export function createApi(ports: ApiPorts, settings: ApiSettings): ApiApp {
  const telemetry = createApiTelemetry();
  const tools: ApiTools = {
    ports,
    settings,
    telemetry,
    places: createPlaces(settings.mostAtOnce, ports.clock),
  };
  const app = new Hono<ApiEnv>();

  app.use(observe(ports.newId, telemetry));
  if (ports.keyRing === undefined && ports.callerOf === undefined) app.use(refuseStrangers());
  app.use('/v1/*', authenticate(ports));
  app.use('/metrics', authenticate(ports));
  for (const add of [
    documentRoutes,
    schemaRoutes,
    operationRoutes,
    modelRoutes,
    audioRoutes,
    listenRoutes,
    uploadRoutes,
    jobRoutes,
    realtimeRoutes,
    pageRoutes,
  ])
    add(app, tools);

  app.notFound((c) => {
    const { method, path } = c.req;
    const allowed = methodsAt(app, path);
    if (allowed.length > 0) c.header('allow', allowed.join(', '));
    const code = allowed.length > 0 ? 'method-unknown' : 'not-found';
    const where = `${method} ${path.slice(0, 200)}`;
    return answerError(c, new MurmurationError(code, `nothing is at ${where}: see ${basePathOf(c)}/docs`));
  });
  app.onError(async (error, c) => {
    if (isOurFault(error)) ports.onError(error, c.get('requestId'));
    const answered = answerError(c, error);
    await drainBody(c.req.raw);
    return answered;
  });
  return app;
}

/** What other methods a path knows. */
function methodsAt(app: ApiApp, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
}
