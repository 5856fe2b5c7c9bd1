import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import { runStep } from '@murmuration/pipeline/pipeline';
import { retryAfterAttempt, WEBHOOK_ATTEMPTS } from '@murmuration/pipeline/webhooks/retry-after-attempt';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { portsInMemory } from './fakes.ts';

const url = 'https://receiver.example/hook';
const event = {
  kind: 'transcript-ready',
  jobId: 'a'.repeat(32),
  sourceKey: 'uploads/talk.mp3',
  state: 'done',
  durationSeconds: 3,
  outputs: { txt: 'transcripts/uploads/talk.mp3.txt' },
} as const;

interface Posted {
  readonly url: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** A receiver that answers so, one answer a try. */
function receiver(...answers: (number | MurmurationError)[]) {
  const posted: Posted[] = [];
  const machine = portsInMemory({
    webhooks: {
      async post(to, body, headers) {
        posted.push({ url: to.href, body, headers: { ...headers } });
        const answer = answers.shift();
        if (typeof answer === 'number') return answer;
        throw answer ?? new Error('one try too many');
      },
    },
  });
  const tell = (attempt: number, more = {}) =>
    runStep(['webhook-due'], { kind: 'webhook-due', event, attempt, ...more }, machine.ports);
  return { ...machine, posted, tell };
}
const unreachable = new MurmurationError('receiver-unavailable', 'receiver.example was not reached');

describe('a webhook', () => {
  it('is told where the options beside the recording say, and a receiver can check who sent it', async () => {
    const { store, ports, posted, tell, counted } = receiver(204);
    await store.write(keys.options(event.sourceKey), JSON.stringify({ webhook: { url } }));
    expect(await tell(1)).toMatchObject({ kind: 'webhook-delivered', status: 204 });
    const [sent] = posted;
    expect(sent!.url).toBe(url);
    const sentAt = Number(sent!.headers['webhook-timestamp']) * 1000;
    expect(Math.abs(sentAt - ports.clock())).toBeLessThan(10_000);
    // The library itself looks at this machine's clock
    const now = Date.now;
    Date.now = () => sentAt;
    try {
      const received = new Webhook(ports.webhookSecret).verify(sent!.body, sent!.headers);
      expect(received).toMatchObject({ type: 'transcript-ready', data: event });
      expect(() =>
        new Webhook(ports.webhookSecret).verify(sent!.body.replace('done', 'gone'), sent!.headers),
      ).toThrow();
      Date.now = () => sentAt + 301_000;
      expect(() => new Webhook(ports.webhookSecret).verify(sent!.body, sent!.headers)).toThrow(/too old/);
    } finally {
      Date.now = now;
    }
    expect(counted).toEqual([['WebhooksDelivered', 1]]);
  });

  it('is tried again with the same id, later and later, and given up after a day', async () => {
    const { posted, tell, counted } = receiver(...Array(WEBHOOK_ATTEMPTS).fill(503));
    let waited = 0;
    for (let attempt = 1; attempt < WEBHOOK_ATTEMPTS; attempt++) {
      const answer = await tell(attempt, { url });
      if (answer.kind !== 'webhook-postponed') throw new Error(answer.kind);
      waited += answer.waitSeconds;
      // What SQS can hide
      expect(answer.waitSeconds).toBeLessThanOrEqual(12 * 3600);
    }
    expect(waited).toBeGreaterThan(24 * 3600);
    expect(await tell(WEBHOOK_ATTEMPTS, { url })).toMatchObject({
      kind: 'webhook-given-up',
      reason: 'it answered 503',
    });
    expect(new Set(posted.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(counted).toEqual([['WebhooksFailed', 1]]);
  });

  it.each([
    ['not reached', unreachable, 'webhook-postponed'],
    ['redirected elsewhere', 302, 'webhook-postponed'],
    ['told that nobody listens any more', 410, 'webhook-given-up'],
    ['not understood', 400, 'webhook-given-up'],
    ['not let in', 401, 'webhook-given-up'],
    ['sent to where nothing is', 404, 'webhook-given-up'],
    ['too slow', 408, 'webhook-postponed'],
    ['being worked on', 409, 'webhook-postponed'],
    ['one of too many', 429, 'webhook-postponed'],
    ['met by a fault', 500, 'webhook-postponed'],
    [
      'not to be called at all',
      new MurmurationError('invalid-argument', '10.0.0.1 is out of bounds'),
      'webhook-given-up',
    ],
  ])('that is %s is not delivered', async (_, answer, kind) => {
    expect(await receiver(answer).tell(1, { url })).toMatchObject({ kind });
  });

  it('is told to nobody where nobody asked, or where the options cannot be read', async () => {
    const { store, tell } = receiver();
    expect(await tell(1)).toMatchObject({ kind: 'webhook-unwanted' });
    await store.write(keys.options(event.sourceKey), '{"webhook":{"url":"ftp://receiver.example"}}');
    expect(await tell(1)).toMatchObject({ kind: 'webhook-unwanted' });
  });

  it('waits a little differently for each of many', () => {
    const waits = Array.from({ length: 50 }, (_, index) => retryAfterAttempt(2, `msg_${index}`)!);
    expect(new Set(waits).size).toBeGreaterThan(20);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(300);
    expect(Math.max(...waits)).toBeLessThanOrEqual(330);
  });
});
