import type { Engine } from '@murmuration/pipeline/ports';

/**
 * An engine that is opened when it is first needed and closed when nothing was asked of it for `idleMilliseconds`. One that
 * could not be opened is tried again the next time. `close` waits for nothing: see `closingEngine`.
 */
export function lazyEngine(
  facts: Pick<Engine, 'modelId' | 'modelSha256' | 'timesWords'>,
  open: () => Promise<Engine>,
  idleMilliseconds: number,
): Engine {
  let opened: Promise<Engine> | undefined;
  let working = 0;
  let timer: NodeJS.Timeout | undefined;

  async function release(): Promise<void> {
    const engine = opened;
    opened = undefined;
    // Whoever waited for it was told of its failure
    await engine?.then(
      (one) => one.close(),
      () => undefined,
    );
  }

  return {
    ...facts,
    async transcribe(...request) {
      clearTimeout(timer);
      working += 1;
      try {
        opened ??= open();
        const opening = opened;
        const engine = await opening.catch((error: unknown) => {
          if (opened === opening) opened = undefined;
          throw error;
        });
        return await engine.transcribe(...request);
      } finally {
        working -= 1;
        if (working === 0)
          timer = setTimeout(() => release().catch(() => undefined), idleMilliseconds).unref();
      }
    },
    close() {
      clearTimeout(timer);
      return release();
    },
  };
}
