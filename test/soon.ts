import { vi } from 'vitest';

/** Waits until the check holds, as long as a test may take: how fast the machine is says nothing of the code. */
export const soon = <Answer>(check: () => Answer | Promise<Answer>): Promise<Answer> =>
  vi.waitFor(check, { timeout: 55_000, interval: 20 });
