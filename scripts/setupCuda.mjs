// pnpm setup:cuda: a CUDA compiler for this checkout, without touching the system: pinned PyPI wheels under .cache/cuda.
// A system nvcc of 12.8 or later is used instead where there is one. Builds without either make no CUDA module.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache/cuda');
const requirements = join(root, 'scripts/cuda-requirements.txt');
const OLDEST = [12, 8];

/** The version of an nvcc, as [major, minor], or undefined where it does not run. */
function versionOf(nvcc) {
  const { status, stdout } = spawnSync(nvcc, ['--version'], { encoding: 'utf8' });
  const match = status === 0 ? /release (\d+)\.(\d+)/.exec(stdout) : null;
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

const system = () => process.env.CUDACXX ?? 'nvcc';

/**
 * The CUDA compiler that builds use: a system one that is new enough, else the wheels of `pnpm setup:cuda`, else none.
 * @returns {{ nvcc: string, tools: string, version: string } | undefined} `tools` holds cuobjdump
 */
export function findCuda() {
  const version = versionOf(system());
  if (version && (version[0] > OLDEST[0] || (version[0] === OLDEST[0] && version[1] >= OLDEST[1]))) {
    const { stdout } = spawnSync('sh', ['-c', `command -v "${system()}"`], { encoding: 'utf8' });
    const nvcc = stdout.trim();
    return { nvcc, tools: dirname(nvcc), version: version.join('.') };
  }
  const tools = join(folder, 'nvidia/cu13/bin');
  const nvcc = join(tools, 'nvcc');
  if (!existsSync(nvcc)) return undefined;
  return { nvcc, tools, version: versionOf(nvcc)?.join('.') ?? 'unknown' };
}

/** Installs the wheels unless the same ones are there. Throws with pip's own words. */
export function installCuda() {
  const stamp = join(folder, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(dirname(folder), { recursive: true });
  // Whole or not at all: pip fills a folder beside it, which then takes its place.
  const fresh = mkdtempSync(`${folder}-`);
  try {
    process.stderr.write('fetching the CUDA compiler (115 MB of wheels) ... ');
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '--target', fresh];
    const pip = spawnSync('python3', [...args, '-r', requirements], { encoding: 'utf8' });
    if (pip.status !== 0) {
      throw new Error(`pip could not install the CUDA wheels:\n${pip.error?.message ?? pip.stderr}`);
    }
    const toolkit = join(fresh, 'nvidia/cu13');
    symlinkSync('lib', join(toolkit, 'lib64')); // where nvcc looks for cudart
    symlinkSync('libcudart.so.13', join(toolkit, 'lib/libcudart.so')); // what CMake's FindCUDAToolkit asks for
    spawnSync('cp', [requirements, join(fresh, 'requirements.txt')]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    process.stderr.write('done\n');
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write('failed\n');
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (!findCuda()) installCuda();
    const { nvcc, version } = findCuda();
    process.stderr.write(`nvcc ${version}: ${nvcc}\nNext: pnpm build --cuda\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
