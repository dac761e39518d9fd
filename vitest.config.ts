import { defineConfig } from 'vitest/config';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PATHS } from './scripts/suite.mjs';

// Projects: `unit`; one a kernel path of the CPU, for `*.path.test.ts` (`pnpm test` runs these two kinds); `soak` is what
// is too long for it (pnpm test:soak); `real` needs the real weights (pnpm test:real); `cuda` runs on the CUDA module (pnpm
// test:gpu) or on the same sources over the SIMT shim (pnpm test:cuda). `*.sized.test.ts` has its size from the project.
// New and freed device memory is poisoned except where memory and time are real.

// Tests run the sources of all packages; what runs in a process of its own, as the command does, runs what was built.
const source = (path: string) => fileURLToPath(new URL(`packages/${path}.ts`, import.meta.url));
const alias = [
  { find: /^@selfjudge\/testing\/(.*)$/, replacement: source('testing/src/$1') },
  {
    find: /^@selfjudge\/(base|text|engine|data|judging|training|evaluation)$/,
    replacement: source('$1/src/index'),
  },
  { find: /^selfjudge$/, replacement: source('selfjudge/src/index') },
  { find: /^@selfjudge\/training\/runs$/, replacement: source('training/src/runs/index') },
  { find: '@selfjudge/training/runs/internal', replacement: source('training/src/runs/internal') },
  { find: /^@selfjudge\/(\w+)\/(checks|fields|internal)$/, replacement: source('$1/src/$2') },
];

const project = (
  name: string,
  include: string[],
  { poison = true, ...test }: Record<string, unknown> = {},
) => ({
  resolve: { alias },
  test: {
    name,
    include: include.flatMap((pattern) => [`packages/*/src/**/${pattern}`, `test/**/${pattern}`]),
    exclude: ['**/node_modules/**'],
    env: { SELFJUDGE_TEST_PROJECT: name, ...(poison === true && { SELFJUDGE_POISON: '1' }) },
    ...test,
  },
});

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    // Half of the tests wait for a process of their own. The default, one less than there are cores, would be one here.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project('unit', ['*.test.ts'], {
        exclude: ['**/*.{path,real,cuda,soak}.test.ts', '**/node_modules/**'],
        testTimeout: 60_000,
      }),
      ...PATHS.map((path) => project(path, ['*.path.test.ts'], { testTimeout: 60_000 })),
      project('soak', ['*.{soak,sized}.test.ts', '{sampling,treeGradients}.path.test.ts'], {
        testTimeout: 3_600_000,
      }),
      project('real', ['*.real.test.ts'], {
        poison: false,
        globalSetup: 'test/real/globalSetup.ts',
        testTimeout: 600_000,
        hookTimeout: 120_000,
        // One model at a time: each test file uses all cores, and holds the weights.
        fileParallelism: false,
      }),
      project('cuda', ['*.{cuda,path}.test.ts', '{interleavings,injectedFailures}.sized.test.ts'], {
        testTimeout: 300_000,
      }),
    ],
  },
});
