import type { ApiApp } from '@murmuration/api/api-app';
import type { ApiTools } from '@murmuration/api/api-tools';
import { describeError } from '@murmuration/api/contract/api-error-body';
import { jobRoutes } from '@murmuration/api/routes/jobs';
import { Hono } from 'hono';
import { expect, it } from 'vitest';

it('refuses a job that wants to tell its end where nobody can tell it, before anything is begun', async () => {
  const app: ApiApp = new Hono();
  app.onError((error, c) => {
    const { status, body } = describeError(error, 'req_1');
    return c.json(body, status as 400);
  });
  jobRoutes(app, { ports: {}, settings: { noWebhooks: 'webhook: nothing signs them here' } } as ApiTools);
  const post = (body: object) =>
    app.request('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const refused = await post({
    file_url: 'https://example.com/talk.mp3',
    webhook: { url: 'https://example.com/done' },
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    error: { message: 'webhook: nothing signs them here', param: 'webhook' },
  });
  // Without one it goes on, to ports that are not here
  expect((await post({ file_url: 'https://example.com/talk.mp3' })).status).toBe(500);
});
