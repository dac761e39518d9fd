// Builds the CUDA backend's module: by nvcc for GPUs, or by the host compiler over the SIMT shim for tests without one.
//   node scripts/buildCuda.mjs simt    builds over the shim and prints the module's path
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dropForeignBuild } from './buildFolder.mjs';
import { runQuietly } from './progress.mjs';
import { findCuda } from './setupCuda.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const build = join(root, 'native/build');
const source = join(build, '../backends/cuda');
const MODULE = 'selfjudge_cuda.so';

function cmake(folder, options, env) {
  dropForeignBuild(folder, source);
  for (const args of [
    ['-S', source, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', ...options],
    ['--build', folder, '--parallel', String(cpus().length)],
  ]) {
    const result = runQuietly('cmake', args, { env: { ...process.env, ...env } });
    if (result.status !== 0) throw new Error(`cmake ${args.join(' ')}\n${result.stdout}`);
    // What ptxas says of registers and spills, for the checks; an incremental build adds to it.
    if (args[0] === '--build') appendFileSync(join(folder, 'build.log'), result.stdout);
  }
}

// What the module is made of.
const SOURCES = ['native/include', 'native/backends', 'cmake'];
const MADE_OF = /^(?!cpu\/).*\.(h|cu|cuh|txt|cmake)$/;

/**
 * Where the module stands in the checkout `folder`: 'never asked for', 'made', or 'changed', which is older than its
 * sources or was never finished. A module was asked for once a build of it began.
 */
export function cudaState(folder = root) {
  const made = join(folder, 'native/build/cuda');
  if (!existsSync(join(made, 'CMakeCache.txt'))) return 'never asked for';
  if (!existsSync(join(made, MODULE))) return 'changed';
  const { mtimeMs } = statSync(join(made, MODULE));
  const changed = SOURCES.flatMap((source) =>
    readdirSync(join(folder, source), { recursive: true, encoding: 'utf8' })
      .filter((path) => MADE_OF.test(path))
      .map((path) => join(folder, source, path)),
  ).some((path) => statSync(path).mtimeMs > mtimeMs);
  return changed ? 'changed' : 'made';
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
  // Also where nothing had to be built: the sources were looked at.
  const made = join(folder, MODULE);
  utimesSync(made, new Date(), new Date());
  // Processes that have the old file mapped keep it.
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
