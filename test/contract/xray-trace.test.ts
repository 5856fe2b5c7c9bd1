import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { afterAll, beforeEach, expect, it } from 'vitest';

const daemon = createSocket('udp4');
daemon.bind(0, '127.0.0.1');
await once(daemon, 'listening');
afterAll(() => daemon.close());
const heard: string[] = [];
daemon.on('message', (bytes) => heard.push(String(bytes)));
beforeEach(() => heard.splice(0));

const root = '1-5759e988-bd862e3fe1be46a994272793';
const sampled = `Root=${root};Parent=557abcec3ee5a047;Sampled=1;Lineage=1:2:3`;
const address = `127.0.0.1:${(daemon.address() as AddressInfo).port}`;

function traceIn(header: string | undefined = sampled, daemonAddress: string | undefined = address) {
  let now = 1000;
  return xrayTrace({ _X_AMZN_TRACE_ID: header, AWS_XRAY_DAEMON_ADDRESS: daemonAddress }, () => (now += 500));
}

/** What arrived until a datagram that was sent later did. */
async function segments() {
  const last = createSocket('udp4');
  const arrived = once(daemon, 'message');
  last.send('last', (daemon.address() as AddressInfo).port, '127.0.0.1');
  while (heard.at(-1) !== 'last') await (heard.length > 0 ? new Promise(setImmediate) : arrived);
  last.close();
  return heard.slice(0, -1).map((text) => {
    const [header, body] = text.split('\n');
    expect(header).toBe('{"format":"json","version":1}');
    return JSON.parse(body!);
  });
}

const part = {
  trace_id: root,
  parent_id: '557abcec3ee5a047',
  id: expect.stringMatching(/^[0-9a-f]{16}$/),
  type: 'subsegment',
  start_time: 1.5,
  end_time: 2,
};

it('sends a step as a part of its invocation’s trace, found by its job', async () => {
  expect(await traceIn()({ kind: 'window', jobId: 'a' }, async () => 7)).toBe(7);
  expect(await segments()).toEqual([{ ...part, name: 'window', annotations: { jobId: 'a' } }]);
});

it('takes the job from the answer where the message knows none, and no other word of either', async () => {
  const upload = { kind: 'media-uploaded', key: 'uploads/Jane Roe.mp3' };
  await traceIn()(upload, async () => ({ kind: 'plan-ready', jobId: 'b' }));
  expect(await segments()).toEqual([{ ...part, name: 'media-uploaded', annotations: { jobId: 'b' } }]);
});

it('marks a step that threw, and throws what it threw', async () => {
  const broken = new Error('no disk');
  await expect(traceIn()({ kind: 'batch', jobId: 'a' }, () => Promise.reject(broken))).rejects.toBe(broken);
  expect(await segments()).toEqual([{ ...part, name: 'batch', annotations: { jobId: 'a' }, fault: true }]);
});

it.each([
  ['is not recorded', sampled.replace('Sampled=1', 'Sampled=0'), address],
  ['does not exist', '', address],
  ['has no daemon', sampled, ''],
  ['has a daemon written in another way', sampled, `tcp:${address} udp:${address}`],
])('sends nothing where a trace %s', async (_, header, daemonAddress) => {
  expect(await traceIn(header, daemonAddress)({ kind: 'batch', jobId: 'a' }, async () => 7)).toBe(7);
  expect(await segments()).toEqual([]);
});

it('does its step also where no daemon can be reached', async () => {
  expect(await traceIn(sampled, 'no-such-host.invalid:2000')({ kind: 'batch' }, async () => 7)).toBe(7);
});
