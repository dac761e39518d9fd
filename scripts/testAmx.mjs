// pnpm test:amx: the tests of path amx where the processor has no tiles, on tiles in plain code
// (native/test/amx_emulation.h): every op's cases, sampling, gradients, trees and companions. Where it has them,
// `pnpm test` runs the same tests on them.
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuInfo } from '../native/index.mjs';
import { dropForeignBuild } from './buildFolder.mjs';
import { runQuietly } from './progress.mjs';
import { check, finish, skip, vitest } from './suite.mjs';

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');
const folder = join(native, 'build/emulated');

function cmake(...args) {
  const result = runQuietly('cmake', args);
  if (result.status !== 0) throw new Error(result.stdout.slice(-6000));
}

const { paths } = cpuInfo();
if (paths.includes('amx')) {
  skip('path amx on emulated tiles', 'this processor has tiles: pnpm test ran the tests on them');
} else if (!paths.includes('avx512bf16')) {
  skip(
    'path amx on emulated tiles',
    'the rest of path amx needs AVX-512 with bf16, which this processor lacks',
  );
} else {
  const built = check('build with emulated tiles', () => {
    dropForeignBuild(folder, native);
    cmake('-S', native, '-B', folder, '-DSELFJUDGE_EMULATE_AMX=ON');
    cmake('--build', folder, '--parallel', String(cpus().length), '--target', 'selfjudge_native');
  });
  const env = {
    SELFJUDGE_NATIVE_MODULE: join(folder, 'Release/selfjudge_native.node'),
    SELFJUDGE_CPU: 'amx',
  };
  if (built) vitest('amx', { env });
}
finish();
