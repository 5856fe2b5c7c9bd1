import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import { expect } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { startServer } from './start-server.ts';

const boundary = 'boundary-of-the-load';
const form = Buffer.concat([
  Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n` +
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n`,
  ),
  readFileSync(fixture('whats-the-weather-like.mp3')),
  Buffer.from(`\r\n--${boundary}--\r\n`),
]);

/** Sends so many requests from so many clients at once; each must be answered with a transcript or with 429. */
export async function sendLoad(amount: number, connections: number): Promise<void> {
  const server = await startServer();
  try {
    const load = await autocannon({
      url: `${server.url}/v1/audio/transcriptions`,
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: form,
      amount,
      connections,
      timeout: 120,
    });
    const { errors, timeouts, statusCodeStats, latency, duration } = load;
    console.log(JSON.stringify({ duration, statusCodeStats, p50: latency.p50, p99: latency.p99 }));
    expect({ errors, timeouts }).toEqual({ errors: 0, timeouts: 0 });
    expect(Object.keys(statusCodeStats ?? {}).filter((status) => !['200', '429'].includes(status))).toEqual(
      [],
    );
    const answered = Object.values(statusCodeStats ?? {}).map(({ count }) => count ?? 0);
    expect(answered.reduce((sum, count) => sum + count, 0)).toBe(amount);
    expect(server.exitCode()).toBeNull();
    expect(server.log()).not.toMatch(/internal|Error/);
  } finally {
    await server.stop();
  }
}
