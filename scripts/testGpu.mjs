// pnpm test:gpu: everything on the GPU of this machine: the case table, tree sharing, companion fuzz, 1,000 reruns of each
// gradient, faults, failures put in, a lost device, allocations, ids sampled as on the CPU; the tests of core, training, judging and evaluation with their tensors there;
// parity on real weights; the sanitizers over the case table; the quickstart, and the example on human preferences.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gemmaModel } from './realModel.mjs';
import { bin, check, checkNode, finish, skip, vitest } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MAIN = 'packages/selfjudge/dist/cli/main.js';
const CASES = 'packages/engine/src/tensor/cases.path.test.ts';

const usable = check('a GPU can be used', () => {
  const doctor = spawnSync(process.execPath, [MAIN, 'doctor', '--json'], { cwd: root, encoding: 'utf8' });
  const { cuda } = JSON.parse(doctor.stdout);
  if (cuda.startsWith('not usable')) throw new Error(cuda);
  process.stdout.write(`${cuda}\n`);
});
if (!usable) finish();

// What takes all memory of the GPU runs alone.
const ALONE = 'test/cuda/lost';
vitest('cuda', { args: ['--exclude', `${ALONE}*`] });
vitest('cuda', { args: [ALONE] });
const packages = ['base', 'text', 'engine', 'training', 'judging', 'evaluation'].map(
  (name) => `packages/${name}/src`,
);
vitest('unit', { args: packages });
vitest('real');

// All at once: each leaves the GPU idle most of the time.
const TOOLS = ['memcheck', 'racecheck', 'initcheck', 'synccheck'];
const sanitized = TOOLS.map(async (tool) => {
  const options = ['--tool', tool, '--target-processes', 'all', '--error-exitcode', '9'];
  const run = [process.execPath, bin('vitest', 'vitest.mjs'), 'run', '--project', 'cuda', CASES];
  const child = spawn('compute-sanitizer', [...options, ...run], { cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [status] = await once(child, 'close').catch(() => ['missing']);
  return { name: `compute-sanitizer ${tool}`, status, output };
});
for (const { name, status, output } of await Promise.all(sanitized)) {
  if (status === 'missing') skip(name, 'it is not on the PATH');
  else {
    check(name, () => {
      if (status !== 0) throw new Error(output.slice(-4000));
    });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-gpu-'));
const data = join(root, '../shared/data/hh/helpful.train.jsonl.gz');
checkNode('quickstart on the GPU', [
  MAIN,
  'quickstart',
  '--device',
  'cuda',
  '--output_dir',
  join(folder, 'quickstart'),
]);
const outside = gemmaModel();
if (!existsSync(data)) skip('the example on human preferences', `no ${data}`);
else if (outside.missing !== undefined) skip('the example on human preferences', outside.missing);
else {
  const example = ['examples/hh-smollm2/run.mjs', '--data', data, '--output', join(folder, 'hh')];
  checkNode('the example on human preferences', example);
}
rmSync(folder, { recursive: true, force: true });
finish();
