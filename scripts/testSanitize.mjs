// pnpm test:sanitize [--short]: the native tests under AddressSanitizer with UndefinedBehaviorSanitizer, and under
// ThreadSanitizer: every op on every kernel path (tiles emulated), and devices used from four threads with failures put
// in. `--short` is the form of .ci/run: the worker pool, devices and streams, over kernels that are built without, and
// emulated tiles.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dropForeignBuild } from './buildFolder.mjs';
import { runQuietly } from './progress.mjs';
import { check, finish } from './suite.mjs';

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');
const short = process.argv.includes('--short');
const PROGRAMS = short
  ? ['thread_pool', 'stream_ops', 'amx_tiles']
  : ['thread_pool', 'stream_ops', 'amx_tiles', 'matrix_ops', 'matrix_ops_amx', 'other_ops', 'other_ops_amx'];
const ARGUMENTS = { matrix_ops_amx: ['amx'], other_ops_amx: ['amx'] };

function run(command, args, env = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } };
  const result = command === 'cmake' ? runQuietly(command, args) : spawnSync(command, args, options);
  if (result.status === 0) return;
  const text = `${result.stdout}${result.stderr ?? ''}${result.error?.message ?? ''}`;
  throw new Error(`${command} ${args.join(' ')}\n${text.slice(-6000)}`);
}

for (const [name, sanitizers] of [
  ['address', 'address,undefined'],
  ['thread', 'thread'],
]) {
  const folder = join(native, `build/sanitize-${name}${short ? '-short' : ''}`);
  const built = check(`build for ${sanitizers}`, () => {
    dropForeignBuild(folder, native);
    const options = [`-DSELFJUDGE_SANITIZE=${sanitizers}`, '-DSELFJUDGE_NATIVE_TESTS=ON'];
    options.push(`-DSELFJUDGE_SANITIZE_KERNELS=${short ? 'OFF' : 'ON'}`);
    const flags = ['-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG'];
    run('cmake', ['-S', native, '-B', folder, ...options, ...flags]);
    run('cmake', ['--build', folder, '--parallel', String(cpus().length), '--target', ...PROGRAMS]);
  });
  if (!built) continue;
  for (const program of PROGRAMS) {
    // Memory that is asked for beyond all bounds is refused by our own words, not by the sanitizer's.
    const env = { ASAN_OPTIONS: 'allocator_may_return_null=1', SELFJUDGE_POISON: '1' };
    check(`${program} under ${sanitizers}`, () => run(join(folder, program), ARGUMENTS[program] ?? [], env));
  }
}
finish();
