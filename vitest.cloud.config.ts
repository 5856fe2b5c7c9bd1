import { defineConfig } from 'vitest/config';

/** The stories of test/cloud, one after another on one twin: they make parts of it misbehave. */
export default defineConfig({
  test: {
    include: ['test/cloud/*.story.ts'],
    globalSetup: 'test/cloud/twin-setup.ts',
    setupFiles: 'test/cloud/healthy-twin.ts',
    testTimeout: 180_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
