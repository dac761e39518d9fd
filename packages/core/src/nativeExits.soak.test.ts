import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const native = pathToFileURL(createRequire(import.meta.url).resolve('@selfjudge/native')).href;
const code = `
  const { NativeDevice } = await import(${JSON.stringify(native)});
  const device = new NativeDevice('cpu');
  const big = device.empty(0, [1 << 24], 0).handle;
  for (let i = 0; i < 5000; i++) device.enqueue('fill', [big], [i], null);
  device.read(big);
  process.exit(7);`;

it('process.exit with a full queue, 100 times: never a crash, never a hang', () => {
  for (let i = 0; i < 100; i++) {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 });
    expect({ run: i, status: run.status, stderr: String(run.stderr) }).toEqual({
      run: i,
      status: 7,
      stderr: '',
    });
  }
});
