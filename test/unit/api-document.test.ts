import type { ApiApp } from '@murmuration/api/api-app';
import { apiDocument } from '@murmuration/api/api-document';
import type { ApiTools } from '@murmuration/api/api-tools';
import { LiveMessage } from '@murmuration/api/contract/live-message';
import { documentRoutes } from '@murmuration/api/routes/document';
import { realtimeRoutes } from '@murmuration/api/routes/realtime';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';

const document = JSON.parse(
  JSON.stringify(apiDocument({ version: '1.2.3' }, { hasKeys: true, hasReceiver: false, basePath: '' })),
);

/** Every object in it that has this key. */
function holders(value: unknown, key: string): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = key in value ? [value as Record<string, unknown>] : [];
  return [...own, ...Object.values(value).flatMap((part) => holders(part, key))];
}

describe('the OpenAPI document', () => {
  it('tells of the WebSocket: how it begins, and what goes through it', () => {
    const live = document.paths['/v1/realtime'].get;
    expect(live.parameters.map(({ name }: { name: string }) => name)).toEqual(['language', 'prompt']);
    expect(Object.keys(live.responses)).toEqual(expect.arrayContaining(['101', '401', '426', '429']));
    expect(live.responses['101'].content).toBeUndefined();
    expect(live['x-websocket']).toEqual({
      protocol: 'murmuration',
      send: { binary: '16 kHz mono s16le', text: { $ref: '#/components/schemas/LiveCommand' } },
      receive: { text: { $ref: '#/components/schemas/LiveMessage' } },
    });
  });

  it('has a schema for every message of the WebSocket', () => {
    const variants: { properties: { kind: { const: string } } }[] =
      document.components.schemas.LiveMessage.oneOf;
    expect(variants.map(({ properties }) => properties.kind.const)).toEqual(
      LiveMessage.options.map(({ shape }) => shape.kind.value),
    );
    expect(document.components.schemas.LiveCommand.oneOf).toHaveLength(2);
  });

  it('refers to nothing that is not in it', () => {
    for (const { $ref } of holders(document, '$ref')) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(String($ref))?.[1];
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
  });

  it('is there to read, with every operation and message', async () => {
    const app: ApiApp = new Hono();
    documentRoutes(app, { ports: {}, settings: { version: '1' } } as ApiTools);
    const page = await (await app.request('/docs')).text();
    for (const path of Object.keys(document.paths)) expect(page).toContain(path);
    for (const { shape } of LiveMessage.options) expect(page).toContain(`<code>${shape.kind.value}</code>`);
  });

  it('knows the stage before its paths, also in the command to try', async () => {
    const app: ApiApp = new Hono();
    documentRoutes(app, { ports: {}, settings: { version: '1' } } as ApiTools);
    const get = async (path: string) => {
      const env = { requestContext: { path: `/live${path}`, stage: 'live' } };
      return (await app.request(`https://a.example${path}`, {}, env)).text();
    };
    expect(JSON.parse(await get('/openapi.json')).servers).toEqual([{ url: '/live' }]);
    expect(await get('/docs')).toContain('curl https://a.example/live/v1/audio/transcriptions');
    expect(document.servers).toEqual([{ url: '/' }]);
  });

  it('says where live speech is, or why there is none', async () => {
    const docsOf = async (settings: object) => {
      const app: ApiApp = new Hono();
      const tools = { ports: {}, settings: { version: '1', ...settings } } as ApiTools;
      documentRoutes(app, tools);
      realtimeRoutes(app, tools);
      app.onError((error, c) => c.text(error.message, 404));
      const text = async (path: string) => (await app.request(path)).text();
      return [
        JSON.parse(await text('/openapi.json')),
        await text('/docs'),
        await text('/v1/realtime'),
      ] as const;
    };
    const [elsewhere, page] = await docsOf({ realtimeUrl: 'wss://a.example/v1' });
    expect(elsewhere.paths['/v1/realtime'].get['x-websocket'].url).toBe('wss://a.example/v1');
    expect(page).toContain('<code>wss://a.example/v1?language=');
    expect(page).toContain('"index": 0');
    const [none, nonePage, answer] = await docsOf({ noRealtime: 'there is none here: deploy it' });
    expect(none.paths['/v1/realtime']).toBeUndefined();
    expect(nonePage).toContain('There is none here: deploy it.');
    expect(nonePage).not.toContain('/v1/realtime');
    expect(answer).toBe('there is none here: deploy it');
  });

  it('tells how the bytes of an upload are sent, where they come here', () => {
    const path = '/v1/uploads/{id}/content';
    expect(document.paths[path]).toBeUndefined();
    const here = { hasKeys: true, hasReceiver: true, basePath: '' };
    expect(apiDocument({ version: '1' }, here)).toMatchObject({
      paths: { [path]: { put: { requestBody: { content: { 'application/octet-stream': {} } } } } },
    });
  });

  it('knows no error of its own for recordings where clients of OpenAI ask', () => {
    const statuses = (path: string) => Object.keys(document.paths[path].post.responses);
    expect(statuses('/v1/listen')).toEqual(expect.arrayContaining(['415', '422']));
    for (const path of ['/v1/audio/transcriptions', '/v1/audio/translations']) {
      expect(statuses(path)).toContain('400');
      expect(statuses(path).filter((status) => ['415', '422'].includes(status))).toEqual([]);
    }
  });

  it('writes a number as a number', () => {
    const form = document.paths['/v1/audio/transcriptions'].post.requestBody.content['multipart/form-data'];
    expect(form.schema.properties.temperature).toEqual({ type: 'number', minimum: 0, maximum: 1 });
    expect(form.schema.properties.stream).toMatchObject({ type: 'string', enum: ['true', 'false'] });
  });

  it('names each operation once', () => {
    const ids = holders(document, 'operationId').map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
