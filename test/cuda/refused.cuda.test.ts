import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from '../support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
afterAll(remove);
beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'rows.jsonl', preferenceRows().slice(0, 1));
});

// What the shim takes for the driver: its version, the module's, devices, compute capability.
const REFUSED: [string, string, RegExp][] = [
  ['no driver', '0 13000 0 0 0', /no NVIDIA driver was found \(libcuda\.so\.1\); install the driver/],
  ['an old driver', '12080 13000 1 9 0', /supports CUDA 12\.8, this module was built with 13\.0; update/],
  ['no device', '13000 13000 0 0 0', /the driver lists none; look at nvidia-smi and CUDA_VISIBLE_DEVICES/],
  ['another architecture', '13000 13000 1 7 5', /has compute capability 7\.5; the kernels need 8\.0/],
];

describe.runIf(process.env['SELFJUDGE_CUDA_MODULE']?.includes('simt'))('over the shim', () => {
  const score = ['score', 'rows.jsonl', '-m', 'model', '--dtype', 'float32'];

  it.each(REFUSED)('%s: cuda is refused with what to do', async (_, found, why) => {
    const shell = `export SELFJUDGE_SIMT_DEVICE='${found}'`;
    const { code, stdout, stderr } = await run([...score, '--device', 'cuda', '--out', 'out.jsonl'], {
      cwd,
      shell,
    });
    expect(stdout).toBe('');
    expect(stderr).toMatch(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it.each(REFUSED)('%s: auto says so in one line and computes on the CPU', async (_, found, why) => {
    const shell = `export SELFJUDGE_SIMT_DEVICE='${found}'`;
    const { code, stderr } = await run([...score, '--out', 'auto.jsonl'], { cwd, shell });
    const told = stderr.split('\n').filter((line) => line.startsWith('computing on the CPU: '));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(why);
    expect(code).toBe(0);
  });
});
