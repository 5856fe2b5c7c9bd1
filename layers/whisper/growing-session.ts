import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RunRequest, RunResult, Session } from './graph-run.ts';

interface Task {
  readonly request: RunRequest;
  resolve(result: RunResult): void;
  reject(error: unknown): void;
}

/** So many runs must wait at once before it pays to load the model again. */
const WAITING_TO_GROW = 2;

/**
 * Runs one request at a time in `first`, which has all threads, until there are more of them than that: then in sessions of
 * few threads each, side by side. A third more is done that way, for most of the decoder's steps are too small to share
 * between threads. If `openAll` fails, for want of memory say, `first` goes on. A session that died is not asked again.
 */
export function growingSession(first: Session, openAll: () => Promise<readonly Session[]>): Session {
  const waiting: Task[] = [];
  const working = new Set<Promise<unknown>>();
  let sessions: readonly Session[] = [first];
  const free: Session[] = [first];
  let growing: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  function start(): void {
    while (free.length > 0 && waiting.length > 0) {
      const session = free.pop()!;
      const { request, resolve, reject } = waiting.shift()!;
      const work = session
        .run(request)
        .then(resolve, (error: unknown) => {
          if (isFatal(error)) lose(session);
          reject(error);
        })
        .finally(() => {
          working.delete(work);
          if (sessions.includes(session)) free.push(session);
          start();
        });
      working.add(work);
    }
    if (waiting.length >= WAITING_TO_GROW && closing === undefined) growing ??= grow();
  }

  /** A dead session would draw all work that waits, for it fails at once. */
  function lose(session: Session): void {
    sessions = sessions.filter((other) => other !== session);
    if (sessions.length === 0) growing = grow();
  }

  async function grow(): Promise<void> {
    let more: readonly Session[];
    try {
      more = await openAll();
    } catch (error) {
      if (sessions.length === 0) for (const { reject } of waiting.splice(0)) reject(error);
      return;
    }
    sessions = more;
    free.splice(0, free.length, ...more);
    start();
    await first.close();
  }

  return {
    run(request) {
      return new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        start();
      });
    },
    close() {
      closing ??= (async () => {
        while (working.size > 0 || waiting.length > 0) await Promise.allSettled(working);
        await growing;
        await Promise.all([...new Set([first, ...sessions])].map((session) => session.close()));
      })();
      return closing;
    },
  };
}

function isFatal(error: unknown): boolean {
  return error instanceof MurmurationError && error.details['fatal'] === true;
}
