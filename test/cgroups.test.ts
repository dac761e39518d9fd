// In a control group with less than the machine has. Needs the right to make one.
import { execFile } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

const ROOT = '/sys/fs/cgroup';
/** Settings of a group, by version: [folder of the controller, file, value]. */
type Setting = { v1: [controller: string, file: string, value: string]; v2: [file: string, value: string] };

const cpuQuota: Setting = { v1: ['cpu', 'cpu.cfs_quota_us', '100000'], v2: ['cpu.max', '100000 100000'] };
const memory = (bytes: number): Setting => ({
  v1: ['memory', 'memory.limit_in_bytes', `${bytes}`],
  v2: ['memory.max', `${bytes}`],
});

/** A group of its own with one setting, or why there is none. */
function makeGroup({ v1, v2 }: Setting): { folder: string } | { why: string } {
  const name = `selfjudge-test-${process.pid}-${v2[0]}`;
  const ways: [folder: string, file: string, value: string][] = [
    [join(ROOT, v1[0], name), v1[1], v1[2]],
    [join(ROOT, name), ...v2],
  ];
  let why = '';
  for (const [folder, file, value] of ways) {
    try {
      mkdirSync(folder);
    } catch (error) {
      why = (error as Error).message;
      continue;
    }
    try {
      writeFileSync(join(folder, file), value);
      return { folder };
    } catch (error) {
      why = (error as Error).message;
      rmdirSync(folder);
    }
  }
  return { why };
}

/** Runs code in a process of the group; the core's exports are `core`. */
async function runIn(setting: Setting, code: string, skip: (why: string) => never): Promise<string> {
  const group = makeGroup(setting);
  if ('why' in group) return skip(`no control group can be made here: ${group.why}`);
  const program = `const engine = await import(${JSON.stringify(join(repository, 'packages/engine/dist/index.js'))});${code}`;
  const enter = `echo $$ > ${join(group.folder, 'cgroup.procs')} && exec "$0" --input-type=module -e "$1"`;
  try {
    const env = { ...process.env, SELFJUDGE_POISON: '' };
    return (await promisify(execFile)('sh', ['-c', enter, process.execPath, program], { env })).stdout;
  } finally {
    for (let i = 0; i < 100; i++) {
      try {
        rmdirSync(group.folder);
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20)); // the process may not be gone yet
      }
    }
  }
}

it('computes with as many threads as the group has CPUs', async ({ skip }) => {
  if (cpus().length < 2) skip('one CPU is all there is');
  const code = `console.log(engine.Device.open('cpu').description)`;
  expect(await runIn(cpuQuota, code, skip)).toBe('CPU, 1 threads\n');
});

it('refuses what the group has no memory for, and goes on', async ({ skip }) => {
  const code = `
    const device = engine.Device.open('cpu');
    const kept = [];
    try {
      for (;;) {
        kept.push(engine.Tensor.from(device, new Float32Array(8 << 20), [8 << 20]));
        await device.sync();
      }
    } catch (error) {
      console.log(error.code, kept.length);
    }
    for (const tensor of kept) tensor.dispose();
    console.log((await engine.Tensor.from(device, [7], [1]).read())[0]);
  `;
  const lines = (await runIn(memory(640 << 20), code, skip)).trim().split('\n');
  expect(lines[0]).toMatch(/^SJ_OUT_OF_MEMORY \d+$/);
  const blocks = Number(lines[0].split(' ')[1]); // of 32 MiB
  expect(blocks).toBeGreaterThan(8);
  expect(blocks).toBeLessThan(20);
  expect(lines[1]).toBe('7');
});
