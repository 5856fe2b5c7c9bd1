import { readFile } from 'node:fs/promises';
import type { ApiApp, ApiContext } from '../api-app.ts';

const folder = new URL('../page/', import.meta.url);

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** Nothing comes from elsewhere, nothing inline runs; a recording is played from the browser's own memory. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page to use the API by hand, at `/`. */
export function pageRoutes(app: ApiApp): void {
  app.get('/', (c) => answer(c, 'index.html'));
  app.get('/page/:name{[a-z-]+\\.(css|js|svg)}', (c) => answer(c, c.req.param('name')));
}

async function answer(c: ApiContext, name: string): Promise<Response> {
  const ending = name.split('.').at(-1) as keyof typeof types;
  const body = await readFile(new URL(name, folder)).catch(() => undefined);
  if (body === undefined) return c.notFound() as Response;
  return c.body(new Uint8Array(body), 200, {
    'content-type': types[ending],
    'content-security-policy': policy,
    'permissions-policy': 'microphone=(self)',
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}
