import type { ApiApp } from '../api-app.ts';
import type { ApiTools } from '../api-tools.ts';
import { modelNamed } from '../model-named.ts';

/** OpenAI's list of models: those that are served. */
export function modelRoutes(app: ApiApp, { ports: { transcriber } }: ApiTools): void {
  const shown = (id: string) => ({ id, object: 'model' as const, created: 0, owned_by: 'murmuration' });
  app.get('/v1/models', (c) => c.json({ object: 'list', data: transcriber.models.map(shown) }));
  app.get('/v1/models/:model', (c) => c.json(shown(modelNamed(c.req.param('model'), transcriber.models))));
}
