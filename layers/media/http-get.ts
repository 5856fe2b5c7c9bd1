import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { checkReach, type HttpReach, lookupWithin } from './http-reach.ts';

const MOST_REDIRECTS = 5;

export interface HttpGetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly reach: HttpReach;
  /** Longest wait for a connection, an answer, or the next bytes of it. */
  readonly timeoutSeconds: number;
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
    response.resume();
    if (redirects === MOST_REDIRECTS) throw new Error(`it redirects more than ${MOST_REDIRECTS} times`);
    if (!URL.canParse(location, url.href)) throw new Error('it redirects to no valid address');
    return get(new URL(location, url), options, redirects + 1);
  }

  function getOnce(url: URL, { headers, reach, timeoutSeconds, signal }: HttpGetOptions) {
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
      request.on('timeout', () => {
        const error = new Error(`no answer for ${timeoutSeconds} s`);
        response?.destroy(error);
        request.destroy(error);
      });
      request.on('error', reject);
      request.on('response', (answer) => {
        response = answer;
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
