import { defineConfig } from 'vitest/config';

/** Tests on a real Spark: `npm run test:spark` installs it from PyPI; Java 17 is needed. */
export default defineConfig({
  test: {
    include: ['test/spark/**/*.test.ts'],
    testTimeout: 600_000,
    // A port that was free may be taken before a master listens on it.
    retry: 1,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
    setupFiles: ['test/set-up.ts'],
  },
});
