// pnpm test: build, format, lint and type checks, symbols of the kernels, then every unit and end-to-end test. `pnpm test real`:
// the tests on real weights.
import { bin, checkNode, finish, PATHS, vitest } from './suite.mjs';

const built = checkNode('build', ['scripts/build.mjs', '--quiet']);
if (process.argv.includes('real')) {
  if (built) vitest('real');
} else {
  checkNode('prettier', [bin('prettier', 'bin/prettier.cjs'), '--check', '.']);
  checkNode('oxlint', [bin('oxlint', 'bin/oxlint'), '--deny-warnings']);
  checkNode('clang-format', ['scripts/clang-format.mjs']);
  checkNode('types of tests', [bin('typescript', 'bin/tsc'), '-p', 'tsconfig.test.json']);
  if (built) {
    checkNode('no symbol is defined in two kernel files', ['scripts/kernelSymbols.mjs']);
    vitest(['unit', ...PATHS]);
  }
}
finish();
