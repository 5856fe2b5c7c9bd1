import { ApiProblem, callApi } from './call-api.js';

/** Lets a job be deleted with its recording. What is on the page stays until it is left; the server can write no more files of it. */
export function deleteButton(job, { at, complain, say }) {
  const button = at('delete');
  button.hidden = false;
  at('downloads').disabled = false;
  button.onclick = async () => {
    try {
      await callApi('DELETE', `/v1/jobs/${job.id}`).catch(unlessGone);
      button.hidden = true;
      at('downloads').disabled = true;
      say('The server has deleted the recording and its transcript.');
      // What had it is gone
      at('transcript').focus({ preventScroll: true });
    } catch (error) {
      complain(error);
    }
  };
}

function unlessGone(error) {
  if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
}
