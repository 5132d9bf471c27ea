import { defineConfig } from 'vitest/config';

// Two projects: `unit`, in parallel, then `system`, which boots whole guests: one file at a time, with nothing beside it.
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
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
