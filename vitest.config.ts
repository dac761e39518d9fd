import { defineConfig } from 'vitest/config';

// Four projects: `unit` is the test command; `soak` is what is too long for it (pnpm test:soak); `real` needs the real
// weights (pnpm test:real); `cuda` runs on the CUDA module (pnpm test:gpu) or on the same sources over the SIMT shim (pnpm
// test:cuda).
// New and freed device memory is poisoned except where memory and time are real.
const env = { SELFJUDGE_POISON: '1' };

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.{real,cuda,soak}.test.ts', '**/node_modules/**'],
          testTimeout: 60_000,
          env,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['packages/*/src/**/*.soak.test.ts', 'test/**/*.soak.test.ts'],
          testTimeout: 3_600_000,
          env,
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
      {
        test: {
          name: 'cuda',
          include: ['packages/*/src/**/*.cuda.test.ts', 'test/**/*.cuda.test.ts'],
          testTimeout: 300_000,
          env,
        },
      },
    ],
  },
});
