import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reachBounds } from '@murmuration/media/reach-bounds';
import { httpWebhookSender } from '@murmuration/pipeline/adapters/http-webhook-sender';
import { afterEach, describe, expect, it } from 'vitest';

const sender = (reach: 'public' | 'network') => httpWebhookSender(reachBounds(reach));

let close = () => {};
afterEach(() => close());

async function receiver(status: number, headers: Record<string, string> = {}) {
  const received: { path: string | undefined; body: string; signature: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ path: request.url, body, signature: request.headers['webhook-signature'] });
      response.writeHead(status, headers).end('thank you');
    });
  }).listen(0, '127.0.0.1');
  close = () => void server.close();
  await new Promise((resolve) => server.once('listening', resolve));
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`), received };
}

describe('a webhook sender', () => {
  it('posts the body with its signature and tells the status', async () => {
    const { url, received } = await receiver(204);
    expect(await sender('network').post(url, '{"a":"ü"}', { 'webhook-signature': 'v1,x' })).toBe(204);
    expect(received).toEqual([{ path: '/hook', body: '{"a":"ü"}', signature: 'v1,x' }]);
  });

  it('follows no redirect', async () => {
    const { url, received } = await receiver(307, { location: '/elsewhere' });
    expect(await sender('network').post(url, '{}', {})).toBe(307);
    expect(received).toHaveLength(1);
  });

  it('says that a receiver is not there, which is worth another try', async () => {
    const { url } = await receiver(204);
    close();
    const failure = await sender('network')
      .post(url, '{}', {})
      .catch((error) => error);
    expect(failure).toMatchObject({ code: 'receiver-unavailable', retryable: true });
  });

  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://10.1.2.3/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fd00:ec2::254]/',
    'https://2130706433/',
    'https://user:secret@example.com/',
    'file:///etc/passwd',
  ])('does not call %s for a stranger', async (address) => {
    const failure = await sender('public')
      .post(new URL(address), '{}', {})
      .catch((error) => error);
    expect(failure).toMatchObject({ code: 'invalid-argument', retryable: false });
    expect(failure.message).not.toContain('secret');
  });
});
