import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest wants its configuration so
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
