import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../api-app.ts';

const ownHost = /^(localhost|127(?:\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * For a server without keys: web pages of others must not use it from a browser on this machine, neither across
 * origins nor under a name that was made to lead here.
 */
export function refuseStrangers(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const origin = c.req.header('origin');
    const isOwn = ownHost.test(host) && (origin === undefined || origin === `http://${host}`);
    if (!isOwn) {
      throw new MurmurationError(
        'key-refused',
        'without keys this server answers its own machine only: call it as localhost, or give it keys',
      );
    }
    await next();
  };
}
