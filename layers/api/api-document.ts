import { z } from 'zod';
import { type ApiOperation, apiOperations, namedSchemas } from './api-operations.ts';
import type { ApiSettings } from './api-settings.ts';
import { JobEstimate } from './contract/job-input.ts';

type DocumentSettings = Pick<ApiSettings, 'version' | 'realtimeUrl' | 'noRealtime'>;

interface DocumentPlace {
  readonly hasKeys: boolean;
  /** Whether it takes the parts of uploads itself. */
  readonly hasReceiver: boolean;
  /** In front of all paths, such as `/live`. */
  readonly basePath: string;
}

/** Those that are served here, in the order of the documents. */
export const servedOperations = (
  { noRealtime }: Pick<DocumentSettings, 'noRealtime'>,
  { hasReceiver }: Pick<DocumentPlace, 'hasReceiver'>,
) =>
  apiOperations.filter(
    ({ frames, receives = false }) =>
      (frames === undefined || noRealtime === undefined) && (!receives || hasReceiver),
  );

/** The API in OpenAPI 3.1, written from the schemas that check its requests. */
export function apiDocument(settings: DocumentSettings, place: DocumentPlace): object {
  const { version, realtimeUrl } = settings;
  const { hasKeys, basePath } = place;
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of servedOperations(settings, place)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describe(operation, hasKeys, realtimeUrl),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Murmuration',
      version,
      description: 'Speech in, transcript out: Whisper models behind the contracts of OpenAI and Deepgram.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(namedSchemas).map(([name, schema]) => [name, schemaOf(schema, 'output')]),
      ),
      ...(hasKeys ? { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  };
}

function describe(operation: ApiOperation, hasKeys: boolean, realtimeUrl: string | undefined): object {
  const { id, summary, open = false, parameters = {}, body, success, frames, errors = [] } = operation;
  const statuses = open ? [] : [400, ...(hasKeys ? [401] : []), ...errors, 429, 500, 503];
  const content = contentOf(success.content, 'output');
  return {
    operationId: id,
    summary,
    parameters: [
      ...parametersOf(parameters.path, 'path'),
      ...parametersOf(parameters.query, 'query'),
      ...parametersOf(parameters.header, 'header'),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body, 'input') } }),
    responses: {
      [success.status]: frames === undefined ? { description: 'Done', content } : switching,
      ...(id === 'createJob'
        ? {
            200: {
              description: 'With dry_run',
              content: contentOf({ 'application/json': JobEstimate }, 'output'),
            },
          }
        : {}),
      ...Object.fromEntries(statuses.map((status) => [status, errorOf(id)])),
    },
    security: hasKeys && !open ? [{ key: [] }] : [],
    // OpenAPI has no words for what goes through a WebSocket
    ...(frames === undefined
      ? {}
      : {
          'x-websocket': {
            protocol: 'murmuration',
            ...(realtimeUrl === undefined ? {} : { url: realtimeUrl }),
            send: { binary: '16 kHz mono s16le', text: refTo(frames.sent) },
            receive: { text: refTo(frames.received) },
          },
        }),
  };
}

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const switching = {
  description: 'A WebSocket from here on',
  headers: { 'Sec-WebSocket-Protocol': { schema: { const: 'murmuration' } } },
};

function errorOf(id: string): object {
  const deepgram = {
    type: 'object',
    properties: { err_code: { type: 'string' }, err_msg: { type: 'string' }, request_id: { type: 'string' } },
    required: ['err_code', 'err_msg', 'request_id'],
  };
  const schema = id === 'listen' ? deepgram : refTo('Error');
  return { description: 'What was wrong', content: { 'application/json': { schema } } };
}

function contentOf(content: ApiOperation['success']['content'], io: 'input' | 'output'): object {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => {
      if (schema === 'binary') return [type, {}];
      if (schema === 'text') return [type, { schema: { type: 'string' } }];
      const written = schemaOf(schema, io);
      return [type, { schema: type === 'multipart/form-data' ? formOf(written) : written }];
    }),
  );
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly required?: readonly string[];
}

/** A form: lists are named with `[]`, and the recording is there. */
function formOf(written: ObjectSchema): object {
  const { chunking_strategy: strategy, ...fields } = written.properties ?? {};
  const named = Object.entries(fields).map(([name, schema]) => [
    schema['type'] === 'array' ? `${name}[]` : name,
    schema,
  ]);
  return {
    ...written,
    properties: {
      file: { type: 'string', format: 'binary' },
      ...Object.fromEntries(named),
      // Its other form has fields of their own: chunking_strategy[type]=server_vad …
      ...(strategy === undefined ? {} : { chunking_strategy: { const: 'auto' } }),
    },
    required: ['file', ...(written.required ?? [])],
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query' | 'header'): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'output');
  return Object.entries(properties).map(([name, written]) => ({
    name,
    in: place,
    // What has a default is there in any output
    required: required.includes(name) && !('default' in written),
    schema: written,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...written } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return written as ObjectSchema;
}
