import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Its modules import folders, which Node does not.
    server: { deps: { inline: ['dt-sql-parser'] } },
    exclude: ['test/model/**', 'test/spark/**', 'test/real-stores/**', 'node_modules/**'],
    setupFiles: ['test/set-up.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
