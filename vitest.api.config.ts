import { defineConfig } from 'vitest/config';

/** Proofs of the API that take long or need Python: one after another, for each loads the machine. */
export default defineConfig({
  test: {
    include: ['test/api/*.proof.ts'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 600_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
