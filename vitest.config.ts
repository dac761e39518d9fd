import { defineConfig } from 'vitest/config';

// Two projects: `unit` is the test command; `real` needs the real weights (pnpm test:real).
export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.real.test.ts', '**/node_modules/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['packages/*/src/**/*.real.test.ts', 'test/**/*.real.test.ts'],
          globalSetup: 'test/real/globalSetup.ts',
          testTimeout: 600_000,
          hookTimeout: 120_000,
          // One model at a time: each test file uses all cores, and holds the weights.
          fileParallelism: false,
        },
      },
    ],
  },
});
