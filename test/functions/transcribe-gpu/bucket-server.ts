import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As much of S3 as the server reads: objects of one bucket by path, whole or in ranges. */
export async function serveBucket(bucket: string, objects: ReadonlyMap<string, Uint8Array>) {
  const server = createServer((request, response) => {
    const key = decodeURIComponent(new URL(request.url!, 'http://s3').pathname).slice(`/${bucket}/`.length);
    const body = objects.get(key);
    if (body === undefined) {
      response.writeHead(404, { 'content-type': 'application/xml' });
      response.end('<Error><Code>NoSuchKey</Code></Error>');
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const part = range ? body.subarray(Number(range[1]), Number(range[2]) + 1) : body;
    response.writeHead(range ? 206 : 200, { 'content-length': part.length, etag: '"1"' });
    response.end(request.method === 'HEAD' ? undefined : part);
  });
  // As long as S3's, or longer: on a busy machine a client is told too late that a connection was given up
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}
