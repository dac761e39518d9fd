// Builds the CUDA backend's module: by nvcc for GPUs, or by the host compiler over the SIMT shim for tests without one.
//   node scripts/buildCuda.mjs simt    builds over the shim and prints the module's path
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dropForeignBuild } from './buildFolder.mjs';
import { findCuda } from './setupCuda.mjs';

const build = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native/build');
const source = join(build, '../backends/cuda');
const MODULE = 'selfjudge_cuda.so';

function cmake(folder, options, env) {
  dropForeignBuild(folder, source);
  for (const args of [
    ['-S', source, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', ...options],
    ['--build', folder, '--parallel', String(cpus().length)],
  ]) {
    const result = spawnSync('cmake', args, { encoding: 'utf8', env: { ...process.env, ...env } });
    if (result.status !== 0) throw new Error(`cmake ${args.join(' ')}\n${result.stdout}${result.stderr}`);
    // What ptxas says of registers and spills, for the checks; an incremental build adds to it.
    if (args[0] === '--build') appendFileSync(join(folder, 'build.log'), `${result.stdout}${result.stderr}`);
  }
}

/**
 * The module for GPUs, put beside the addon in one step. `undefined` without a CUDA compiler.
 * @returns {{ module: string, objects: string, tools: string } | undefined}
 */
export function buildCuda() {
  const cuda = findCuda();
  if (!cuda) return undefined;
  const folder = join(build, 'cuda');
  cmake(folder, [], { CUDACXX: cuda.nvcc });
  const module = join(build, 'Release', MODULE);
  mkdirSync(dirname(module), { recursive: true });
  // Processes that have the old file mapped keep it.
  const made = join(folder, MODULE);
  if (!existsSync(module) || !readFileSync(module).equals(readFileSync(made))) {
    spawnSync('cp', [made, `${module}.new`]);
    renameSync(`${module}.new`, module);
  }
  return { module, log: join(folder, 'build.log'), tools: cuda.tools };
}

/** The module over the shim. `races`: every access to shared memory is checked. Returns its path. */
export function buildSimt({ races = false } = {}) {
  const folder = join(build, races ? 'simt-races' : 'simt');
  cmake(folder, ['-DSELFJUDGE_SIMT=ON', `-DSELFJUDGE_SIMT_RACES=${races ? 'ON' : 'OFF'}`], {});
  return join(folder, MODULE);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] !== 'simt') {
    process.stderr.write('usage: node scripts/buildCuda.mjs simt\n');
    process.exit(2);
  }
  try {
    process.stdout.write(`${buildSimt()}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
