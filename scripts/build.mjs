// pnpm build: system packages, then the native addon (cmake-js), the CUDA module where there is a CUDA compiler, then
// TypeScript (tsc -b). Incremental; --quiet prints one line a step and the log only when it fails.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpus } from 'node:os';
import { buildCuda } from './buildCuda.mjs';
import { dropForeignBuild } from './buildFolder.mjs';
import { ensureSystemPackages } from './setup.mjs';
import { findCuda } from './setupCuda.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = process.argv.includes('--quiet');
const require = createRequire(join(root, 'native/package.json'));
const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js');
const tsc = createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');

function step(name, cwd, args, env = {}) {
  const start = Date.now();
  if (quiet) process.stderr.write(`${name} ... `);
  const result = spawnSync(process.execPath, args, {
    cwd,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) {
    if (quiet) process.stderr.write(`failed\n${result.stdout}${result.stderr}`);
    process.stderr.write(`\n${name} failed (exit ${result.status}).\n`);
    process.exit(1);
  }
  if (quiet) process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
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
if (findCuda()) {
  const start = Date.now();
  process.stderr.write('CUDA module ... ');
  try {
    buildCuda();
  } catch (error) {
    process.stderr.write(`failed\n${error.message}\n`);
    process.exit(1);
  }
  process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}
step('TypeScript build', root, [tsc, '-b']);
