import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface FakeS3 {
  readonly url: string;
  /** By path: `/bucket/key`. */
  readonly objects: Map<string, Buffer>;
  /** Multipart uploads that were neither completed nor taken back. */
  openUploads(): number;
  /** Answers every request from now on with this status; undefined: as it should. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

const LONGEST_KEY_BYTES = 1024;

/** A call to another service. */
export interface ServiceCall {
  /** Such as `AWSStepFunctions.SendTaskSuccess`, or a path. */
  readonly target: string;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

/** @default an empty answer */
export type OtherServices = (call: ServiceCall) => { readonly status: number; readonly body: unknown };

/**
 * As much of S3 as the adapter asks of it, on this machine; what is meant for other services goes to `others`. The real
 * emulator is in test/cloud.
 */
export async function startFakeS3(others?: OtherServices): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  let failure: number | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { pathname, searchParams } = new URL(request.url!, 'http://s3');
    const path = decodeURIComponent(pathname);
    const uploadId = searchParams.get('uploadId');
    const parts = uploadId === null ? undefined : uploads.get(uploadId);
    const target = request.headers['x-amz-target'] ?? (path.startsWith('/endpoints/') ? path : undefined);
    if (target !== undefined) {
      const call = { target: String(target), body: JSON.parse(body.toString()), headers: request.headers };
      const answered = others?.(call) ?? { status: 200, body: {} };
      response.writeHead(answered.status, { 'content-type': 'application/x-amz-json-1.0' });
      return void response.end(JSON.stringify(answered.body));
    }
    if (failure !== undefined) return void error(response, failure, 'InternalError');
    // Of the bucket's name, and two slashes
    if (Buffer.byteLength(path) > LONGEST_KEY_BYTES + 5) return void error(response, 400, 'KeyTooLongError');
    const copied = request.headers['x-amz-copy-source'];
    if (copied !== undefined) {
      const found = objects.get(`/${decodeURIComponent(String(copied))}`);
      if (found === undefined) return void error(response, 404, 'NoSuchKey');
      objects.set(path, found);
      return void xml(response, 'CopyObjectResult', `<ETag>${etagOf(found)}</ETag>`);
    }
    switch (`${request.method} ${parts ? 'part' : searchParams.has('uploads') ? 'uploads' : 'object'}`) {
      case 'POST uploads': {
        const id = `upload-${uploads.size + 1}`;
        uploads.set(id, new Map());
        return void xml(response, 'InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`);
      }
      case 'PUT part':
        parts!.set(Number(searchParams.get('partNumber')), body);
        return void response.writeHead(200, { etag: etagOf(body) }).end();
      case 'POST part': {
        const inOrder = [...parts!].sort(([a], [b]) => a - b).map(([, part]) => part);
        objects.set(path, Buffer.concat(inOrder));
        uploads.delete(uploadId!);
        return void xml(
          response,
          'CompleteMultipartUploadResult',
          `<ETag>${etagOf(objects.get(path)!)}</ETag>`,
        );
      }
      case 'DELETE part':
        uploads.delete(uploadId!);
        return void response.writeHead(204).end();
      case 'PUT object':
        objects.set(path, body);
        return void response.writeHead(200, { etag: etagOf(body) }).end();
      default:
        return send(request, response, objects.get(path));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    openUploads: () => uploads.size,
    fail: (status) => {
      failure = status;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, object: Buffer | undefined): void {
  if (object === undefined) return void error(response, 404, 'NoSuchKey');
  const etag = etagOf(object);
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== etag) return void error(response, 412, 'PreconditionFailed');
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from !== undefined && Number(from) >= object.length) return void error(response, 416, 'InvalidRange');
  const found = from === undefined ? object : object.subarray(Number(from), Number(to) + 1);
  response.writeHead(from === undefined ? 200 : 206, { etag, 'content-length': found.length });
  response.end(request.method === 'HEAD' ? undefined : found);
}

const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`;

const xml = (response: ServerResponse, name: string, content: string) =>
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<${name}>${content}</${name}>`);

const error = (response: ServerResponse, status: number, code: string) =>
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code></Error>`);
