import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApiApp, ApiContext } from '../api-app.ts';
import type { ApiSettings } from '../api-settings.ts';
import type { ApiTools } from '../api-tools.ts';

const ownFolder = new URL('../page/', import.meta.url);

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** Nothing comes from elsewhere, nothing inline runs; a recording is played from the browser's own memory. */
const policyOf = ({ realtimeUrl, uploadOrigin }: ApiSettings) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    ["connect-src 'self'", realtimeUrl, uploadOrigin].filter(Boolean).join(' '),
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** A page to use the API by hand, at `/`. */
export function pageRoutes(app: ApiApp, { settings }: ApiTools): void {
  app.get('/', (c) => answer(c, 'index.html', settings));
  app.get('/page/:name{[a-z-]+\\.(css|js|svg)}', (c) => answer(c, c.req.param('name'), settings));
}

async function answer(c: ApiContext, name: string, settings: ApiSettings): Promise<Response> {
  const ending = name.split('.').at(-1) as keyof typeof types;
  const folder = settings.pageFolder ?? fileURLToPath(ownFolder);
  const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
  if (text === undefined) return c.notFound() as Response;
  return c.body(ending === 'html' ? withRealtime(text, settings) : text, 200, {
    'content-type': types[ending],
    'content-security-policy': policyOf(settings),
    'permissions-policy': 'microphone=(self)',
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}

/** Tells the page where live transcription is, if not here, or that there is none. */
function withRealtime(html: string, { realtimeUrl, noRealtime }: ApiSettings): string {
  const place = noRealtime === undefined ? (realtimeUrl ?? '') : 'none';
  return html.replace('name="realtime" content=""', `name="realtime" content="${place}"`);
}
