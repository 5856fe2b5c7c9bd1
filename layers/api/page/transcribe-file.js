import { callApi, putBytes } from './call-api.js';

const POLL_MILLISECONDS = 100;
const LONGEST_POLL_MILLISECONDS = 2000;

/**
 * Uploads a recording, has it transcribed as `options` say, and reports the way there to `onProgress({ share, words, text })`; `share` is
 * undefined where nobody knows. Answers `{ job, transcript, uploadSeconds, hearSeconds }`. Throws `ApiProblem`, or the
 * signal's reason; then the job is deleted.
 */
export async function transcribeFile(file, options, { signal, onProgress }) {
  const startedAt = performance.now();
  const uploadId = await upload(file, { signal, onProgress });
  const uploadedAt = performance.now();
  const begun = await callApi('POST', '/v1/jobs', { upload_id: uploadId, words: true, ...options }, signal);
  const { id } = await begun.json();
  const forget = () => callApi('DELETE', `/v1/jobs/${id}`).catch(() => {});
  signal.addEventListener('abort', forget, { once: true });
  const job = await finished(id, { signal, onProgress });
  const hearSeconds = (performance.now() - uploadedAt) / 1000;
  const transcript = await (
    await callApi('GET', `/v1/jobs/${id}/transcript?format=json`, undefined, signal)
  ).json();
  signal.removeEventListener('abort', forget);
  return { job, transcript, uploadSeconds: (uploadedAt - startedAt) / 1000, hearSeconds };
}

async function upload(file, { signal, onProgress }) {
  const name = (file.name || 'recording').slice(0, 200);
  const created = await callApi('POST', '/v1/uploads', { name, size_bytes: file.size }, signal);
  const { id, parts } = await created.json();
  const etags = [];
  for (const { url, start_byte, end_byte } of parts) {
    const onSent = (bytes) =>
      onProgress({ share: (start_byte + bytes) / file.size, words: 'Sending the recording', text: '' });
    etags.push(await putBytes(url, file.slice(start_byte, end_byte), { signal, onSent }));
  }
  await callApi('POST', `/v1/uploads/${id}/complete`, { etags }, signal);
  return id;
}

async function finished(id, { signal, onProgress }) {
  for (let wait = POLL_MILLISECONDS; ; wait = Math.min(wait * 1.25, LONGEST_POLL_MILLISECONDS)) {
    const job = await (await callApi('GET', `/v1/jobs/${id}`, undefined, signal)).json();
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

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
