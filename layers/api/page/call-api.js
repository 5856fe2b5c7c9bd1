const KEY = 'murmuration-key';

/** What the server answered instead of a result; `status` is 0 where it did not answer. */
export class ApiProblem extends Error {
  /** @param header reads one of the answer's headers; null where it is not there */
  constructor(message, status, header = () => null) {
    super(message);
    this.status = status;
    // Where a budget is spent, or the fault is the server's own, it says so
    const isFinal = header('x-should-retry') === 'false';
    this.mayPass = !isFinal && (status === 0 || status === 429 || status >= 500);
    const wait = header('retry-after');
    this.retryAfterSeconds = wait !== null && /^\d+$/.test(wait) ? Number(wait) : undefined;
  }
}

/** Kept until the tab is closed. */
export const storedKey = () => sessionStorage.getItem(KEY) ?? '';
export const storeKey = (key) => sessionStorage.setItem(KEY, key);

/** An address of this page's server, which may serve it under a path of its own, as API Gateway does. */
export const here = (path) => new URL(path.replace(/^\//, ''), new URL('.', location.href));

const authorization = () => (storedKey() === '' ? {} : { authorization: `Bearer ${storedKey()}` });

/** Calls the API of this page's server. Throws `ApiProblem`. @param headers beside those that all calls have */
export async function callApi(method, path, body, signal, headers = {}) {
  let response;
  try {
    response = await fetch(here(path), {
      method,
      signal,
      headers: {
        ...headers,
        ...authorization(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem('The server does not answer: is it still running?', 0);
  }
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  throw new ApiProblem(problemIn(text, response.status), response.status, (name) =>
    response.headers.get(name),
  );
}

/** Sends bytes with PUT; `onSent` is told how many are gone, which `fetch` cannot do. Answers the etag. */
export function putBytes(url, blob, { signal, onSent }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const address = here(url);
    request.open('PUT', address);
    const isOurs = address.origin === location.origin;
    for (const [name, value] of Object.entries(isOurs ? authorization() : {}))
      request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      if (request.status < 300) resolve((request.getResponseHeader('etag') ?? '').replaceAll('"', ''));
      else {
        const words = problemIn(request.responseText, request.status);
        reject(new ApiProblem(words, request.status, (name) => request.getResponseHeader(name)));
      }
    };
    request.onerror = () => reject(new ApiProblem('The upload broke off: try it again.', 0));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(blob);
  });
}

function problemIn(text, status) {
  try {
    const { message } = JSON.parse(text).error;
    return `${message[0].toUpperCase()}${message.slice(1)}.`;
  } catch {
    return `The server answered ${status}.`;
  }
}
