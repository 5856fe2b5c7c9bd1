const KEY = 'murmuration-key';

/** What the server answered instead of a result; `status` is 0 where it did not answer. */
export class ApiProblem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Kept until the tab is closed. */
export const storedKey = () => sessionStorage.getItem(KEY) ?? '';
export const storeKey = (key) => sessionStorage.setItem(KEY, key);

/** An address of this page's server, which may serve it under a path of its own, as API Gateway does. */
export const here = (path) => new URL(path.replace(/^\//, ''), new URL('.', location.href));

const authorization = () => (storedKey() === '' ? {} : { authorization: `Bearer ${storedKey()}` });

/** Calls the API of this page's server. Throws `ApiProblem`. */
export async function callApi(method, path, body, signal) {
  let response;
  try {
    response = await fetch(here(path), {
      method,
      signal,
      headers: { ...authorization(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem('The server does not answer: is it still running?', 0);
  }
  if (response.ok) return response;
  throw new ApiProblem(problemIn(await response.text(), response.status), response.status);
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
      else reject(new ApiProblem(problemIn(request.responseText, request.status), request.status));
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
