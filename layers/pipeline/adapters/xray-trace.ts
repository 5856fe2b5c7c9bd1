import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { jobOfMessage } from '../jobs/job-of-message.ts';
import type { Clock } from '../ports.ts';

/** Runs a step as a part of the invocation's trace, which is found by its annotation `jobId`. */
export type StepTrace = <Answer>(message: unknown, step: () => Promise<Answer>) => Promise<Answer>;

/** Of a trace that is recorded, as Lambda gives it to its process anew for every invocation. */
const SAMPLED = /Root=(?<root>[0-9a-f-]+);Parent=(?<parent>[0-9a-f]{16});Sampled=1/;

/** Of Lambda's daemon; elsewhere it may be written in other ways. */
const ADDRESS = /^(?<host>[^:]+):(?<port>\d{1,5})$/;

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html */
const HEADER = '{"format":"json","version":1}\n';

/**
 * Traces of X-Ray, by a datagram to Lambda's daemon. Written by hand because the X-Ray SDK follows every await of the process
 * (4 µs each) and writes down the keys of S3's objects, which are names of recordings. Where nobody records, it does nothing.
 */
export function xrayTrace(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  clock: Clock = Date.now,
): StepTrace {
  return async (message, step) => {
    const { root, parent } = SAMPLED.exec(environment['_X_AMZN_TRACE_ID'] ?? '')?.groups ?? {};
    const { host, port } = ADDRESS.exec(environment['AWS_XRAY_DAEMON_ADDRESS'] ?? '')?.groups ?? {};
    if (root === undefined || host === undefined) return step();
    const startedAt = clock();
    const end = (jobId: string | undefined, fault: boolean) =>
      send(host, Number(port), {
        ...{ trace_id: root, parent_id: parent, id: randomBytes(8).toString('hex'), type: 'subsegment' },
        ...{ name: kindOf(message), start_time: startedAt / 1000, end_time: clock() / 1000 },
        ...(jobId === undefined ? {} : { annotations: { jobId } }),
        ...(fault ? { fault } : {}),
      });
    try {
      const answer = await step();
      // Which job an upload becomes, its step finds out
      await end(jobOfMessage(message) ?? jobOfMessage(answer), false);
      return answer;
    } catch (error) {
      await end(jobOfMessage(message), true);
      throw error;
    }
  };
}

/** Waits until it is sent, for the process may be frozen then. A trace that is lost is no reason to fail. */
function send(host: string, port: number, segment: object): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const close = () => socket.close(() => resolve());
    socket.once('error', close);
    socket.send(HEADER + JSON.stringify(segment), port, host, close);
  });
}

function kindOf(message: unknown): string {
  const { kind } = (message ?? {}) as { kind?: unknown };
  return typeof kind === 'string' ? kind : 'step';
}
