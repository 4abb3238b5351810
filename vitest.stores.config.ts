import { defineConfig } from 'vitest/config';

/** Tests on nginx and OpenStack Swift: `npm run test:stores` unpacks them from Debian's packages into a folder of their own. */
export default defineConfig({
  test: {
    include: ['test/real-stores/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 400_000,
    pool: 'forks',
    maxWorkers: 1,
    setupFiles: ['test/set-up.ts'],
  },
});
