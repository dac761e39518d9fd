import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { NativeDevice } from '@selfjudge/native';
import type { NativeError } from '@selfjudge/native';
import { describe, expect, it } from 'vitest';
import { child, fullQueue, native } from '@selfjudge/testing/childProcess';
import { F32, I32, PANELS, ROWS, errorOf } from '@selfjudge/testing/native';

/** An embedding with a token id that is out of range. */
function enqueueFault(device: NativeDevice) {
  const rows = device.upload(new Float32Array(12), F32, [4, 3]).handle;
  const table = device.empty(F32, [4, 3], PANELS).handle;
  device.enqueue('pack', [rows, table], [], null);
  device.enqueue(
    'embedding',
    [table, device.upload(new Int32Array([1, 99]), I32, [2]).handle, null],
    [],
    null,
  );
}

const rejection = (promise: Promise<unknown>): Promise<NativeError> =>
  promise.then(
    () => Promise.reject(new Error('expected a rejection')),
    (error: unknown) => error as NativeError,
  );

describe('memory', () => {
  it('counts live, packed, peak and cached, and reuses what was disposed', () => {
    const device = new NativeDevice('cpu');
    const x = device.empty(F32, [1000], ROWS).handle;
    expect(device.memory()).toEqual({ live: 4032, cached: 0, peak: 4032, packed: 0 });
    const view = device.view(x, 0, [10]).handle;
    device.dispose(x);
    expect(device.memory().live).toBe(4032);
    device.dispose(view);
    expect(device.memory()).toMatchObject({ live: 0, peak: 4032 });
    const cached = device.memory().cached;
    expect(cached).toBeGreaterThanOrEqual(4000);
    const again = device.empty(I32, [10, 100], ROWS).handle;
    expect(device.memory()).toMatchObject({ live: 4032, cached: 0, peak: 4032 });
    device.dispose(again);
    device.resetPeak();
    expect(device.memory().peak).toBe(0);
    const packed = device.empty(F32, [48, 16], PANELS).handle;
    expect(device.memory().packed).toBeGreaterThanOrEqual(48 * 16 * 4);
    device.dispose(packed);
    expect(device.memory().packed).toBe(0);
    device.close();
  });

  it('gives back what nobody asks for again: sizes that keep changing do not pile up', async () => {
    const device = new NativeDevice('cpu');
    for (let i = 0; i < 100; i++) {
      const x = device.empty(F32, [(8 << 20) + (i << 19)], ROWS).handle; // 32 to 230 MiB
      const head = device.view(x, 0, [1]).handle;
      device.enqueue('fill', [head], [1], null);
      device.dispose(head);
      device.dispose(x);
    }
    await device.sync();
    expect(device.memory().cached).toBeLessThan(600 << 20);
    device.close();
  });

  it('refuses what does not fit with the table of memory, and goes on', async () => {
    const device = new NativeDevice('cpu');
    const x = device.upload(new Float32Array([1, 2]), F32, [2]).handle;
    const error = errorOf(() => device.empty(F32, [1 << 30, 1 << 12], ROWS));
    expect(error).toMatchObject({ code: 'SJ_OUT_OF_MEMORY', op: 'empty', argument: 'memory' });
    expect(error.message).toMatch(/16777216.0 MiB free, received none: live .* cached .* peak /);
    expect(errorOf(() => device.empty(F32, [2 ** 40, 2 ** 40], ROWS)).code).toBe('SJ_WRONG_ARGUMENT');
    expect(await device.read(x)).toEqual(new Float32Array([1, 2]));
    device.close();
  });
});

describe('faults', () => {
  it('poison the stream until recover()', async () => {
    const device = new NativeDevice('cpu');
    const x = device.upload(new Float32Array([1, 2]), F32, [2]).handle;
    const before = device.read(x);
    enqueueFault(device);
    const after = rejection(device.read(x));
    expect(await before).toEqual(new Float32Array([1, 2]));
    const fault = await after;
    expect(fault).toMatchObject({ code: 'SJ_FAULT', op: 'embedding' });
    expect(fault.cause).toMatch(/99/);
    expect(fault.sequence).toBeGreaterThan(0);
    expect(await rejection(device.sync())).toMatchObject({ code: 'SJ_FAULT', sequence: fault.sequence });
    for (const call of [
      () => device.enqueue('fill', [x], [3], null),
      () => device.upload(new Float32Array(1), F32, [1]),
    ]) {
      expect(errorOf(call)).toMatchObject({ code: 'SJ_FAULT', op: 'embedding', sequence: fault.sequence });
    }
    device.recover();
    device.enqueue('fill', [x], [3], null);
    expect(await device.read(x)).toEqual(new Float32Array([3, 3]));
    await device.sync();
    device.close();
  });

  it('skip what was queued behind them, also when recover() follows', async () => {
    const device = new NativeDevice('cpu');
    const x = device.upload(new Float32Array([1]), F32, [1]).handle;
    device.recover(); // nothing to recover from
    enqueueFault(device);
    await rejection(device.sync());
    const skipped = rejection(device.read(x));
    device.recover();
    const [y] = device.enqueue('add', [x, x, null], [], null);
    expect((await skipped).code).toBe('SJ_FAULT');
    expect(await device.read(y!.handle)).toEqual(new Float32Array([2]));
    device.close();
  });
});

describe('the loader', () => {
  const missing = join(tmpdir(), 'no-such-addon.node');
  const importing = `
    process.env.SELFJUDGE_NATIVE_MODULE = ${JSON.stringify(missing)};
    const native = await import(${JSON.stringify(native)});
  `;

  it('opens no addon before the first call', () => {
    const run = child(`
      const native = await import(${JSON.stringify(native)});
      const opened = () => process.report.getReport().sharedObjects.some((path) => path.endsWith('.node'));
      const before = [typeof native.cudaModule, opened()];
      native.workerCount();
      console.log(JSON.stringify([...before, opened()]));
    `);
    expect(JSON.parse(run.out)).toEqual(['string', false, true]);
  });

  it.each([
    'contracts()',
    `dequantize('Q8_0', new Uint8Array(34), 32)`,
    `quantize('Q8_0', new Float32Array(32))`,
    `scanValues(new Float32Array(3))`,
    'cpuInfo()',
    'workerCount()',
    'setWorkerLimit(1)',
    `new native.NativeDevice('cpu')`,
  ])('says what to run when the addon has not been built: %s', (call) => {
    const run = child(`${importing} ${call.startsWith('new') ? call : `native.${call}`}`);
    expect(run.status).toBe(1);
    expect(run.err).toContain(`The native addon ${missing} has not been built. Run: pnpm build`);
  });
});

describe('ends', () => {
  it('close() rejects what is pending, and later calls throw', async () => {
    const device = new NativeDevice('cpu');
    const big = device.empty(F32, [1 << 24], ROWS).handle;
    for (let i = 0; i < 1000; i++) device.enqueue('fill', [big], [i], null);
    const pending = rejection(device.read(big));
    device.close();
    device.close();
    expect(await pending).toMatchObject({ code: 'SJ_DISPOSED' });
    expect(errorOf(() => device.enqueue('fill', [big], [0], null)).code).toBe('SJ_DISPOSED');
    expect(errorOf(() => device.memory()).message).toMatch(/\[memory\] device: .*a closed device$/);
  });

  it('a pending read keeps the process alive, an idle device does not', () => {
    const waits = child(`
      const { NativeDevice } = await import(${JSON.stringify(native)});
      const device = new NativeDevice('cpu');
      const big = device.empty(0, [1 << 24], 0).handle;
      for (let i = 0; i < 20; i++) device.enqueue('fill', [big], [i], null);
      device.read(device.view(big, 0, [1]).handle).then((x) => console.log(x[0]));
    `);
    expect(waits).toMatchObject({ status: 0, out: '19\n', err: '' });
    const leaves = child(fullQueue);
    expect(leaves).toMatchObject({ status: 0, err: '' });
    expect(leaves.seconds).toBeLessThan(10);
  });

  it('devices nobody holds are collected, but not before their reads are done', () => {
    const run = child(
      `
      const { NativeDevice } = await import(${JSON.stringify(native)});
      const open = () => {
        const device = new NativeDevice('cpu');
        const x = device.empty(0, [1 << 18], 0).handle;
        for (let i = 0; i < 10; i++) device.enqueue('fill', [x], [i], null);
        return device.read(device.view(x, 5, [1]).handle);
      };
      let sum = 0;
      for (let i = 0; i < 300; i++) {
        const read = open();
        if (i % 30 === 0) { gc(); await new Promise(setImmediate); }
        sum += (await read)[0];
      }
      console.log(sum);
    `,
      '--expose-gc',
    );
    expect(run).toMatchObject({ status: 0, out: '2700\n', err: '' });
  });

  it('workers run devices side by side, refuse foreign handles, and can be terminated at any time', async () => {
    const compute = `
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(native)}).then(async ({ NativeDevice }) => {
        const device = new NativeDevice('cpu');
        let x = device.upload(new Float32Array(1000).fill(1), 0, [1000]).handle;
        for (let i = 0; i < 20; i++) x = device.enqueue('add', [x, x, null], [], null)[0].handle;
        parentPort.postMessage({ handle: x, value: (await device.read(x))[999] });
      });`;
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => {
        const worker = new Worker(compute, { eval: true });
        return new Promise<{ handle: number; value: number }>((resolve, reject) => {
          worker.once('message', resolve).once('error', reject);
        });
      }),
    );
    expect(answers.map((answer) => answer.value)).toEqual(Array.from({ length: 4 }, () => 2 ** 20));
    const device = new NativeDevice('cpu');
    expect(errorOf(() => device.dispose(answers[0]!.handle)).code).toBe('SJ_FOREIGN');
    device.close();

    const busy = `(async () => { ${fullQueue}
      require('node:worker_threads').parentPort.postMessage('full');
      for (;;) await device.read(device.view(big, 0, [1]).handle);
    })()`;
    const start = performance.now();
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(busy, { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
    }
    expect((performance.now() - start) / 1000).toBeLessThan(30);
  });
});
