// A process to which the kernel refuses tiles takes the next path; asked for tiles by name it says what there is.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuInfo } from '../native/index.mjs';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

const SCRIPT = `
  import { cpuInfo } from '@selfjudge/native';
  import { Device, Tensor, Weight, linear } from './dist/index.js';
  try {
    const device = Device.open('cpu');
    const rows = Tensor.from(device, new Float32Array(64).fill(1), [2, 32], 'bf16');
    const y = linear(rows, Weight.pack(rows, 'bf16'));
    console.log(JSON.stringify({ paths: cpuInfo().paths, path: device.path, y: Array.from(await y.read()) }));
  } catch ({ code, message }) {
    console.log(JSON.stringify({ code, message }));
  }`;

async function withoutTiles(path: string): Promise<Record<string, unknown>> {
  const command = [process.execPath, '--input-type=module', '-e', SCRIPT];
  const { stdout } = await promisify(execFile)(
    'python3',
    [join(repository, 'test/support/withoutTiles.py'), ...command],
    {
      cwd: join(repository, 'packages/engine'),
      env: { ...process.env, SELFJUDGE_CPU: path },
    },
  );
  return JSON.parse(stdout) as Record<string, unknown>;
}

const linux = process.platform === 'linux' && process.arch === 'x64';

it.skipIf(!linux)('works on the best path that is left', async () => {
  const left = cpuInfo().paths.filter((path) => path !== 'amx');
  const { paths, path, y } = await withoutTiles('');
  expect(paths).toEqual(left);
  expect(left).toContain(path);
  expect(y).toEqual([32, 32, 32, 32]);
});

it.skipIf(!linux)('names the paths there are when tiles are forced', async () => {
  const { code, message } = await withoutTiles('amx');
  expect(code).toBe('SJ_WRONG_ARGUMENT');
  expect(message).toMatch(/SELFJUDGE_CPU: expected one of .* \(what this CPU has\), received 'amx'$/);
  expect((message as string).split('received')[0]).not.toContain('amx');
});
