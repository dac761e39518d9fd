// pnpm test:gpu: everything on the GPU of this machine: the case table, tree sharing, 1,000 reruns of each gradient, faults
// and allocations, ids sampled as on the CPU; the tests of core, training, judging and evaluation with their tensors there;
// parity on real weights; the sanitizers over the case table; the quickstart, and the example on human preferences.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bin, check, checkNode, finish, skip, vitest } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MAIN = 'packages/selfjudge/dist/cli/main.js';
const CASES = 'packages/core/src/tensor/cases.cuda.test.ts';

const usable = check('a GPU can be used', () => {
  const doctor = spawnSync(process.execPath, [MAIN, 'doctor', '--json'], { cwd: root, encoding: 'utf8' });
  const { cuda } = JSON.parse(doctor.stdout);
  if (cuda.startsWith('not usable')) throw new Error(cuda);
  process.stdout.write(`${cuda}\n`);
});
if (!usable) finish();

vitest('cuda');
const packages = ['core', 'training', 'judging', 'evaluation'].map((name) => `packages/${name}/src`);
// What names a path of the CPU says nothing here.
vitest('unit', { args: [...packages, '--exclude', '**/cases.*', '--exclude', '**/treeSharing.*'] });
vitest('real');

for (const tool of ['memcheck', 'racecheck', 'initcheck', 'synccheck']) {
  const name = `compute-sanitizer ${tool}`;
  const options = ['--tool', tool, '--target-processes', 'all', '--error-exitcode', '9'];
  const run = [process.execPath, bin('vitest', 'vitest.mjs'), 'run', '--project', 'cuda', CASES];
  const result = spawnSync('compute-sanitizer', [...options, ...run], { cwd: root, encoding: 'utf8' });
  if (result.error) skip(name, 'it is not on the PATH');
  else {
    check(name, () => {
      if (result.status !== 0) throw new Error(`${result.stdout}${result.stderr}`.slice(-4000));
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
if (existsSync(data)) {
  const example = ['examples/hh-smollm2/run.mjs', '--data', data, '--output', join(folder, 'hh')];
  checkNode('the example on human preferences', example);
} else {
  skip('the example on human preferences', `no ${data}`);
}
rmSync(folder, { recursive: true, force: true });
finish();
