import { defineConfig } from 'vitest/config';

// Two projects: `unit`, then `system`, which boots whole guests. A guest keeps one processor busy: two files at a time.
// biome-ignore lint/style/noDefaultExport: vitest wants its configuration so
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/system/**'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['tests/system/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
