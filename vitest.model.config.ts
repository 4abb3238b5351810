import { defineConfig } from 'vitest/config';

/** Tests with a real model: `npm run test:model` installs the library that runs it (474 MB) outside of the repository. */
export default defineConfig({
  test: {
    include: ['test/model/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 400_000,
    pool: 'forks',
    maxWorkers: 1,
    setupFiles: ['test/set-up.ts'],
  },
});
