// pnpm test:cuda: the CUDA backend as far as a machine without a GPU can show it. Every kernel runs on the host over the
// SIMT shim against the case table; every .cu compiles for its targets; the machine code is looked at; the module loads
// without a driver and says so. docs/adding-a-kernel.md lists what this cannot show.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCuda, buildSimt } from './buildCuda.mjs';
import { findCuda, installCuda } from './setupCuda.mjs';
import { check, checkNode, finish, skip, vitest } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGETS = ['sm_80', 'sm_90a'];
// Kernels whose work is matrix products on bf16: without tensor core instructions they would be another kernel.
const TENSOR_CORE = /MmaCore|attend_mma|attend_pool_mma|(?:query|key)_gradients(?!_simt)/;

function read(tools, option, arch, module) {
  const result = spawnSync(join(tools, 'cuobjdump'), [option, '-arch', arch, module], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout;
}

/** Name and machine code of each kernel. */
function* kernels(sass) {
  for (const part of sass.split(/^\s*Function : /m).slice(1)) {
    const end = part.indexOf('\n');
    yield { name: part.slice(0, end).trim(), code: part.slice(end) };
  }
}

function checkMachineCode(arch, { tools, module }) {
  const problems = [];
  let tensorCore = 0;
  for (const { name, code } of kernels(read(tools, '-sass', arch, module))) {
    if (!TENSOR_CORE.test(name)) continue;
    tensorCore++;
    if (!/\bHMMA\.16816\.F32\.BF16/.test(code)) problems.push(`${name}: no HMMA`);
  }
  if (tensorCore === 0) problems.push('no kernel of the matrix family was found');
  // "Function NAME:\n REG:40 STACK:0 SHARED:0 LOCAL:0 ...": local memory holds spills and arrays with run-time indices.
  for (const [, name, local] of read(tools, '-res-usage', arch, module).matchAll(
    /Function (\S+):\s+REG:\d+ STACK:\d+ .*?LOCAL:(\d+)/g,
  )) {
    if (Number(local) > 0) problems.push(`${name}: ${local} bytes of local memory`);
  }
  if (problems.length) throw new Error(problems.join('\n'));
}

/** Opens the GPU in a process of its own; without a driver the error must say so and the process must live. */
function checkWithoutDriver(module) {
  const script = `import { Device } from '@selfjudge/engine';
    try { console.log('opened ' + Device.open('cuda').description); } catch (error) { console.log(error.message); }`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(root, 'packages/selfjudge'),
    encoding: 'utf8',
    env: { ...process.env, SELFJUDGE_CUDA_MODULE: module },
  });
  if (result.status === 0 && /NVIDIA driver|^opened /m.test(result.stdout)) return;
  throw new Error(`exit ${result.status}: ${result.stdout}${result.stderr}`);
}

const built = checkNode('build', ['scripts/build.mjs', '--quiet']);
const simt = check('kernels build over the SIMT shim', () => buildSimt());
if (built && simt) vitest('cuda', { env: { SELFJUDGE_CUDA_MODULE: simt } });

// A few of families whose tests take seconds; all of them, for hours: node scripts/mutateCuda.mjs.
const SAMPLE = 'rows.cuh barrier|rms_norm.cu offset lost: out|kv_pool.cu.*to_k|swiglu.cuh bound lost';
if (built && simt) {
  checkNode('faults put into kernels are noticed', ['scripts/mutateCuda.mjs', '--match', SAMPLE]);
}

let offline;
try {
  if (!findCuda()) installCuda();
} catch (error) {
  offline = error.message.split('\n').at(-1);
}
if (offline) {
  skip('kernels compile for GPUs', offline);
} else {
  const cuda = check('kernels compile for GPUs', () => buildCuda());
  if (cuda) {
    for (const arch of TARGETS) check(`machine code of ${arch}`, () => checkMachineCode(arch, cuda));
    if (built) check('the module loads without a driver and says so', () => checkWithoutDriver(cuda.module));
  }
}
finish();
