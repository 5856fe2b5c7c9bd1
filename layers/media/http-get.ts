import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { checkReach, type HttpReach, lookupWithin } from './http-reach.ts';

const MOST_REDIRECTS = 5;

/** How fast a server must send while somebody waits for it. */
export interface Pace {
  readonly leastBytesPerSecond: number;
  /** On average over so long. */
  readonly overSeconds: number;
}

/** Who sends addresses to others must not hold them: 0.5 Mbit/s, as a telephone has. */
export const strangersPace: Pace = { leastBytesPerSecond: 64 << 10, overSeconds: 20 };

export interface HttpGetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly reach: HttpReach;
  /** Longest wait for an answer's head, or for the next bytes of its body. */
  readonly timeoutSeconds: number;
  /** A body that comes slower is given up. @default however slow */
  readonly pace?: Pace | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpGetter {
  /** An answer whose body has yet to be read, and the address that gave it after redirects. Throws plain errors. */
  get(url: URL, options: HttpGetOptions): Promise<{ response: IncomingMessage; url: URL }>;
  close(): void;
}

/** GET over connections that are kept; Node's own `fetch` has no say in which addresses it connects to. */
export function createHttpGetter(): HttpGetter {
  const agents = {
    'http:': new PlainAgent({ keepAlive: true }),
    'https:': new SecureAgent({ keepAlive: true }),
  };

  async function get(
    url: URL,
    options: HttpGetOptions,
    redirects = 0,
  ): Promise<{ response: IncomingMessage; url: URL }> {
    const response = await getOnce(url, options);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) {
      return { response, url };
    }
    // Its body has no end that anybody knows
    response.destroy();
    if (redirects === MOST_REDIRECTS) throw new Error(`it redirects more than ${MOST_REDIRECTS} times`);
    if (!URL.canParse(location, url.href)) throw new Error('it redirects to no valid address');
    const next = new URL(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new Error('it redirects from https to http, which is not followed: others could read along');
    }
    return get(next, options, redirects + 1);
  }

  function getOnce(url: URL, { headers, reach, timeoutSeconds, pace, signal }: HttpGetOptions) {
    const { protocol } = url;
    // Redirects come through here too
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new Error(`it leads to a ${protocol} address, which is not followed`);
    }
    checkReach(url, reach);
    return new Promise<IncomingMessage>((resolve, reject) => {
      const send = protocol === 'http:' ? plainRequest : secureRequest;
      const request = send(url, {
        agent: agents[protocol],
        headers: { 'accept-encoding': 'identity', ...headers },
        lookup: lookupWithin(reach),
        timeout: timeoutSeconds * 1_000,
        ...(signal && { signal }),
      });
      let response: IncomingMessage | undefined;
      const giveUp = () => {
        const error = new Error(`no answer for ${timeoutSeconds} s`);
        response?.destroy(error);
        request.destroy(error);
      };
      request.on('timeout', giveUp);
      // A head that comes letter by letter is never silent for long
      const head = setTimeout(giveUp, timeoutSeconds * 1_000);
      request.on('close', () => clearTimeout(head));
      request.on('error', reject);
      request.on('response', (answer) => {
        clearTimeout(head);
        response = answer;
        if (pace !== undefined) keepPace(answer, pace);
        resolve(answer);
      });
      request.end();
    });
  }

  return {
    get,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

const LOOKS_PER_PERIOD = 10;

/** Breaks an answer off that comes too slowly; not one that is read slowly. */
function keepPace(answer: IncomingMessage, { leastBytesPerSecond, overSeconds }: Pace): void {
  const { socket } = answer;
  let beforeBytes = socket.bytesRead;
  let waitedLooks = 0;
  const timer = setInterval(
    () => {
      const isAwaited = answer.readableLength < answer.readableHighWaterMark;
      const isFast = socket.bytesRead - beforeBytes >= leastBytesPerSecond * overSeconds;
      // Only time in a row counts: who has just emptied the buffer began to wait a moment ago
      if (!isAwaited || isFast) {
        beforeBytes = socket.bytesRead;
        waitedLooks = 0;
      } else if (++waitedLooks >= LOOKS_PER_PERIOD && !answer.complete) {
        answer.destroy(new TooSlow(leastBytesPerSecond));
      }
    },
    (overSeconds / LOOKS_PER_PERIOD) * 1_000,
  );
  timer.unref();
  answer.once('close', () => clearInterval(timer));
}

/** No second try would be faster. */
export class TooSlow extends Error {
  constructor(leastBytesPerSecond: number) {
    super(`it sends less than ${Math.round(leastBytesPerSecond / 1024)} KiB a second`);
  }
}
