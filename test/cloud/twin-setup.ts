import type { TestProject } from 'vitest/node';
import { startTwin } from './start-twin.ts';
import { runningTwin } from './twin-file.ts';
import type { TwinState } from './twin-state.ts';

declare module 'vitest' {
  interface ProvidedContext {
    twin: TwinState;
  }
}

/** One twin for all stories: its own, or with TWIN=up the one that `npm run cloud:up` started. */
export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TWIN'] === 'up') {
    const state = await runningTwin();
    if (!state) throw new Error('TWIN=up, but no twin is up: npm run cloud:up');
    project.provide('twin', state);
    return undefined;
  }
  const { state, stop } = await startTwin({
    log: console.log,
    // Long enough for four minutes of speech on a busy machine, short enough to wait for in a story.
    settings: { gpuTimeoutSeconds: '30', retrySeconds: '1' },
  });
  project.provide('twin', state);
  return stop;
}
