// pnpm build: system packages, then the native addon (cmake-js), then TypeScript (tsc -b). The CUDA module is built when
// asked for (--cuda), from then on when its sources changed. Incremental; --quiet prints one line a step, more of one that
// takes long, and the log only when it fails.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpus } from 'node:os';
import { buildCuda, cudaState } from './buildCuda.mjs';
import { dropForeignBuild } from './buildFolder.mjs';
import { ensureSystemPackages } from './setup.mjs';
import { runQuietly } from './progress.mjs';
import { findCuda } from './setupCuda.mjs';
import { dropStaleOutputs } from './staleOutput.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = process.argv.includes('--quiet');
const require = createRequire(join(root, 'native/package.json'));
const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js');
const tsc = createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');

function step(name, cwd, args, env = {}) {
  const start = Date.now();
  if (quiet) process.stderr.write(`${name} ... `);
  const options = { cwd, env: { ...process.env, ...env } };
  const result = quiet
    ? runQuietly(process.execPath, args, options)
    : spawnSync(process.execPath, args, { ...options, stdio: 'inherit' });
  if (result.status !== 0) {
    if (quiet) process.stderr.write(`failed\n${result.stdout}`);
    process.stderr.write(`\n${name} failed (exit ${result.status}).\n`);
    process.exit(1);
  }
  if (quiet) process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

function makeCuda() {
  const asked = process.argv.includes('--cuda');
  const state = cudaState();
  if (!asked && state === 'made') return;
  const found = findCuda();
  if (!asked && !found && state === 'never asked for') return;
  process.stderr.write('CUDA module ... ');
  if (!asked && (!found || state === 'never asked for')) {
    const why = found
      ? 'not asked for (pnpm build --cuda)'
      : 'older than its sources, and no CUDA compiler is here (pnpm setup:cuda)';
    process.stderr.write(`${why}\n`);
    return;
  }
  const start = Date.now();
  try {
    if (!found) throw new Error('There is no CUDA compiler here. Run: pnpm setup:cuda');
    buildCuda();
  } catch (error) {
    process.stderr.write(`failed\n${error.message}\n`);
    process.exit(1);
  }
  process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

try {
  ensureSystemPackages();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
dropForeignBuild(join(root, 'native/build'), join(root, 'native'));
step('native build', join(root, 'native'), [cmakeJs, 'build', '-O', 'build', '-B', 'Release'], {
  CMAKE_BUILD_PARALLEL_LEVEL: String(cpus().length),
});
makeCuda();
for (const name of readdirSync(join(root, 'packages'))) dropStaleOutputs(join(root, 'packages', name));
step('TypeScript build', root, [tsc, '-b']);
