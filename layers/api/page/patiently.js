import { ApiProblem } from './call-api.js';
import { pause } from './pause.js';

/** A minute in all: a server that is started anew is back by then. */
const BACKOFF_SECONDS = [0.5, 1, 2, 4, 8, 15, 30];
const MOST_SECONDS = 60;

/**
 * What `attempt` answers, which is made again while the network, the server or the rate fails: only for what does no harm
 * when it is done twice. Throws its last `ApiProblem`, or the signal's reason.
 */
export async function patiently(attempt, signal) {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (problem) {
      const backoff = BACKOFF_SECONDS[retries];
      if (!(problem instanceof ApiProblem) || !problem.mayPass || backoff === undefined) throw problem;
      await pause(Math.min(MOST_SECONDS, problem.retryAfterSeconds ?? backoff) * 1000, signal);
    }
  }
}
