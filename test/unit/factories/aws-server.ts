import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface AwsServer {
  /** What a client of AWS's SDK needs to ask it. */
  readonly access: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): void;
}

/** A service of AWS that speaks JSON, on this machine. What `answer` gives is an error where it has a `__type`. */
export async function startAwsServer(
  answer: (operation: string, input: never) => object | Promise<object>,
): Promise<AwsServer> {
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1)!;
    const answered = await answer(operation, JSON.parse((await buffer(request)).toString()) as never);
    const status = '__type' in answered ? 400 : 200;
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answered));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    access: {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
