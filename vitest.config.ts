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
          testTimeout: 600_000,
        },
      },
    ],
  },
});
