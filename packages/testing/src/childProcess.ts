import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';

/** Where the addon's JavaScript lies, for `import` in code of another process. */
export const native = pathToFileURL(createRequire(import.meta.url).resolve('@selfjudge/native')).href;

/** Seconds of work in the queue of a new device: `fill` of 64 MiB, thousands of times. */
export const fullQueue = `
  const { NativeDevice } = await import(${JSON.stringify(native)});
  const device = new NativeDevice('cpu');
  const big = device.empty(0, [1 << 24], 0).handle;
  for (let i = 0; i < 5000; i++) device.enqueue('fill', [big], [i], null);
`;

/** Runs code as a module in a Node process of its own. */
export function child(code: string, ...flags: string[]) {
  const start = performance.now();
  const run = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', code], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  return {
    status: run.status,
    out: run.stdout,
    err: run.stderr,
    seconds: (performance.now() - start) / 1000,
  };
}

/** process.exit with a full queue, `times` over: never a crash, never a hang. */
export function expectCleanExits(times: number): void {
  for (let i = 0; i < times; i++) {
    const run = child(`${fullQueue} device.read(big); process.exit(7);`);
    expect(run, `exit ${i}`).toMatchObject({ status: 7, err: '' });
    expect(run.seconds).toBeLessThan(10);
  }
}
