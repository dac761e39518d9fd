// pnpm test:soak: what is too long for pnpm test: the long forms of the fuzz tests, and every fault put into kernels.
import { checkNode, finish, vitest } from './suite.mjs';

const built = checkNode('build', ['scripts/build.mjs', '--quiet']);
if (built) {
  vitest('soak');
  checkNode('sanitizers over every op', ['scripts/testSanitize.mjs']);
  checkNode('all faults put into CPU kernels are noticed', ['scripts/mutateCpu.mjs']);
  checkNode('all faults put into CUDA kernels are noticed', ['scripts/mutateCuda.mjs']);
}
finish();
