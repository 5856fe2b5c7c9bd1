import { ApiProblem, callApi, putBytes } from './call-api.js';
import { patiently } from './patiently.js';
import { pause } from './pause.js';

const POLL_MILLISECONDS = 100;
const LONGEST_POLL_MILLISECONDS = 2000;

/**
 * Uploads a recording, has it transcribed as `options` say, and reports the way there to `onProgress({ share, words, text })`; `share` is
 * undefined where nobody knows. Answers `{ job, transcript, uploadSeconds, hearSeconds }`. A server that is away for a moment is
 * waited for. Throws `ApiProblem`, or the signal's reason; then the job is deleted.
 */
export async function transcribeFile(file, options, { signal, onProgress }) {
  const startedAt = performance.now();
  const uploadId = await upload(file, { signal, onProgress });
  const uploadedAt = performance.now();
  const { id } = await begin({ upload_id: uploadId, words: true, ...options }, signal);
  const forget = () => callApi('DELETE', `/v1/jobs/${id}`).catch(() => {});
  signal.addEventListener('abort', forget, { once: true });
  const job = await finished(id, { signal, onProgress });
  const hearSeconds = (performance.now() - uploadedAt) / 1000;
  const transcript = await read(`/v1/jobs/${id}/transcript?format=json`, signal);
  signal.removeEventListener('abort', forget);
  return { job, transcript, uploadSeconds: (uploadedAt - startedAt) / 1000, hearSeconds };
}

/** Of a reading that breaks off in the middle the browser says no more than of one that did not begin. */
async function read(path, signal) {
  return patiently(async () => {
    const response = await callApi('GET', path, undefined, signal);
    const text = await response.text().catch(() => {
      signal.throwIfAborted();
      throw new ApiProblem('The server broke off: is it still running?', 0);
    });
    return JSON.parse(text);
  }, signal);
}

async function begin(job, signal) {
  // `randomUUID` is not there for pages over plain http
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join('-');
  const once = { 'idempotency-key': key };
  const begun = await patiently(() => callApi('POST', '/v1/jobs', job, signal, once), signal);
  return begun.json();
}

async function upload(file, { signal, onProgress }) {
  const name = (file.name || 'recording').slice(0, 200);
  const created = await callApi('POST', '/v1/uploads', { name, size_bytes: file.size }, signal);
  const { id, parts } = await created.json();
  const etags = [];
  for (const { url, start_byte, end_byte } of parts) {
    const onSent = (bytes) =>
      onProgress({ share: (start_byte + bytes) / file.size, words: 'Sending the recording', text: '' });
    const part = file.slice(start_byte, end_byte);
    etags.push(await patiently(() => putBytes(url, part, { signal, onSent }), signal));
  }
  await patiently(() => callApi('POST', `/v1/uploads/${id}/complete`, { etags }, signal), signal);
  return id;
}

async function finished(id, { signal, onProgress }) {
  for (let wait = POLL_MILLISECONDS; ; wait = Math.min(wait * 1.25, LONGEST_POLL_MILLISECONDS)) {
    const job = await read(`/v1/jobs/${id}`, signal);
    if (job.state === 'done' || job.state === 'partial') return job;
    if (job.state === 'failed')
      throw new Error(job.error?.message ?? 'the recording could not be transcribed');
    const { done_seconds, total_seconds } = job.progress;
    const share = total_seconds ? Math.min(1, done_seconds / total_seconds) : undefined;
    onProgress({
      share,
      words: job.state === 'queued' ? 'Waiting for its turn' : 'Listening',
      text: job.text,
    });
    await pause(wait, signal);
  }
}
