import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { NativeDevice, type NativeError } from '@selfjudge/native';
import { afterAll, describe, expect, it } from 'vitest';
import { F32, I32, ROWS, errorOf, openNative } from '@selfjudge/testing/native';

const { device, floats } = openNative();
afterAll(() => device.close());

const segments = new Int32Array([0, 1, -1]);
const canary = floats([20, 22]);
const tensor = floats([1, 2, 3, 4], [2, 2]);
const tree = device.tree(segments);
device.beginProgram();
device.enqueue('fill', [canary], [21], null);
const program = device.endProgram();

describe('calls at the wrong time', () => {
  it('of a closed device are refused by every method', () => {
    const closed = new NativeDevice('cpu');
    closed.close();
    const calls: Record<string, () => unknown> = {
      fill: () => closed.enqueue('fill', [canary], [0], null),
      empty: () => closed.empty(F32, [1], ROWS),
      upload: () => closed.upload(new Float32Array(1), F32, [1]),
      read: () => closed.read(tensor),
      view: () => closed.view(tensor, 0, [1]),
      retain: () => closed.retain(tensor),
      dispose: () => closed.dispose(tensor),
      tree: () => closed.tree(segments),
      disposeTree: () => closed.disposeTree(tree),
      beginProgram: () => closed.beginProgram(),
      endProgram: () => closed.endProgram(),
      cancelProgram: () => closed.cancelProgram(),
      runProgram: () => closed.runProgram(program),
      disposeProgram: () => closed.disposeProgram(program),
      sync: () => closed.sync(),
      recover: () => closed.recover(),
      memory: () => closed.memory(),
      resetPeak: () => closed.resetPeak(),
      counters: () => closed.counters(),
      failAfter: () => closed.failAfter({}),
    };
    const methods = Object.getOwnPropertyNames(NativeDevice.prototype).map((name) =>
      name === 'enqueue' ? 'fill' : name,
    );
    expect(Object.keys(calls).toSorted()).toEqual(
      methods.filter((name) => name !== 'constructor' && name !== 'close').toSorted(),
    );
    for (const [op, call] of Object.entries(calls)) {
      expect(errorOf(call)).toMatchObject({
        code: 'SJ_DISPOSED',
        op,
        argument: 'device',
        received: 'a closed device',
      });
    }
  });

  it('of programs are refused, and the recording goes on', async () => {
    expect(errorOf(() => device.endProgram())).toMatchObject({
      code: 'SJ_WRONG_ARGUMENT',
      argument: 'device',
    });
    device.beginProgram();
    const calls = {
      upload: () => device.upload(new Float32Array(1), F32, [1]),
      read: () => device.read(tensor),
      beginProgram: () => device.beginProgram(),
      runProgram: () => device.runProgram(program),
    };
    for (const [op, call] of Object.entries(calls)) {
      expect(errorOf(call)).toMatchObject({ code: 'SJ_WRONG_ARGUMENT', op, argument: 'device' });
    }
    const [doubled] = device.enqueue('add', [tensor, tensor, null], [], null);
    const again = device.endProgram();
    device.runProgram(again);
    expect(await device.read(doubled!.handle)).toEqual(new Float32Array([2, 4, 6, 8]));
    device.disposeProgram(again);
    device.dispose(doubled!.handle);
  });

  it('a read that is refused while recording keeps no process alive', () => {
    const module = pathToFileURL(createRequire(import.meta.url).resolve('@selfjudge/native')).href;
    const code = `
      const { NativeDevice } = await import(${JSON.stringify(module)});
      const device = new NativeDevice('cpu');
      const x = device.upload(new Float32Array(1), 0, [1]).handle;
      device.beginProgram();
      try { device.read(x); } catch (error) { console.log(error.code); }
      device.cancelProgram();`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(run).toMatchObject({ status: 0, stdout: 'SJ_WRONG_ARGUMENT\n', stderr: '' });
  });

  it('of a poisoned device tell the fault', async () => {
    const [id] = [device.upload(new Int32Array([9]), I32, [1]).handle];
    device.enqueue('gather_rows', [tensor, id, null], [], null);
    const fault = (await device.sync().catch((error: unknown) => error)) as NativeError;
    expect(fault).toMatchObject({ code: 'SJ_FAULT', op: 'gather_rows' });
    for (const call of [() => device.runProgram(program), () => device.beginProgram()]) {
      expect(errorOf(call)).toMatchObject({ code: 'SJ_FAULT', op: 'gather_rows', sequence: fault.sequence });
    }
    device.recover();
    expect(await device.read(tensor)).toEqual(new Float32Array([1, 2, 3, 4]));
  });
});
