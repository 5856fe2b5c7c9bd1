import type { ApiApp } from '../api-app.ts';
import type { ApiTools } from '../api-tools.ts';

/** For those who run the server. */
export function operationRoutes(app: ApiApp, { telemetry }: ApiTools): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/metrics', async (c) => {
    const { contentType, text } = await telemetry.read();
    return c.text(text, 200, { 'content-type': contentType });
  });
}
