import type { ApiContext } from './api-app.ts';

/** What a gateway has put in front of a request's path, such as `/live`, the stage of API Gateway; nothing where it does not say. */
export function basePathOf({ env, req }: ApiContext): string {
  const { requestContext } = (env ?? {}) as { requestContext?: { path?: unknown } };
  const whole = requestContext?.path;
  return typeof whole === 'string' && whole.endsWith(req.path) ? whole.slice(0, -req.path.length) : '';
}
