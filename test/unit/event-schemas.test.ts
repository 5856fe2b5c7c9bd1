import type { ApiEnv } from '@murmuration/api/api-app';
import { schemaRoutes } from '@murmuration/api/routes/schemas';
import { Hono } from 'hono';
import { expect, it } from 'vitest';

it.each([
  ['transcript-ready', ['kind', 'jobId', 'sourceKey', 'state', 'durationSeconds', 'outputs']],
  ['job-failed', ['kind', 'jobId', 'sourceKey', 'state', 'code', 'reason']],
])('the schema of %s is published, as it is sent', async (name, required) => {
  const app = new Hono<ApiEnv>();
  schemaRoutes(app);
  const answer = await app.request(`/schemas/${name}.json`);
  const schema = (await answer.json()) as { properties: { kind: unknown } };
  expect(schema).toMatchObject({ title: name, type: 'object', required, additionalProperties: false });
  expect(schema.properties.kind).toEqual({ type: 'string', const: name });
});
