import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError } from '@selfjudge/base';
import { Device } from './device.js';
import { add } from './ops/add.js';
import { copyTo } from './ops/copy.js';
import { swiglu } from './ops/swiglu.js';
import { Program } from './program.js';
import { tidy } from './scope.js';
import { Tape } from './tape.js';
import { Tensor } from './tensor.js';

const device = Device.open();
afterAll(() => device.close());

const floats = (...values: number[]) => Tensor.from(device, Float32Array.from(values), [values.length]);
const set = (target: Tensor, ...values: number[]) => {
  const source = floats(...values);
  copyTo(source, target);
  source.dispose();
};

describe('Program', () => {
  it('runs its ops again on what its inputs hold now', async () => {
    const x = floats(1, 2);
    const one = floats(1, 1);
    const program = Program.record(device, () => [add(add(x, one), add(x, x))]);
    const [y] = program.outputs;
    expect(Array.from(await y.read())).toEqual([4, 7]);
    set(x, 10, -1);
    program.run();
    expect(Array.from(await y.read())).toEqual([31, -2]);
    for (const disposable of [program, x, one]) disposable.dispose();
    expect(device.memory().live).toBe(0);
  });

  it('equals eager to the bit, in whatever memory it runs', async () => {
    const values = Array.from({ length: 500 }, (_, i) => Math.sin(i));
    const x = floats(...values);
    const chain = () => {
      let y = swiglu(x, x);
      for (let i = 0; i < 20; i++) y = add(swiglu(y, x), x);
      return [y] as const;
    };
    const program = Program.record(device, chain);
    const eager = tidy(chain);
    // Tensors made and dropped between runs take any memory that is not the program's own.
    for (let i = 0; i < 5; i++) {
      floats(...values.map((v) => v + i)).dispose();
      program.run();
    }
    expect(await program.outputs[0].read()).toEqual(await eager[0].read());
    eager[0].dispose();
    program.dispose();
    x.dispose();
  });

  it('keeps its inputs alive, and dies after what is queued', async () => {
    const x = floats(3);
    const program = Program.record(device, () => [add(x, x)]);
    x.dispose();
    program.run();
    const kept = program.outputs[0].read();
    program.dispose();
    expect(Array.from(await kept)).toEqual([6]);
    expect(device.memory().live).toBe(0);
    expect(() => program.run()).toThrow('a live program');
  });

  it('counts the work of each run', () => {
    const x = floats(1);
    const before = device.counters().calls;
    const program = Program.record(device, () => [add(x, x)]);
    program.run();
    program.run();
    expect(device.counters().calls - before).toBe(3);
    program.dispose();
    x.dispose();
  });

  it('holds ops alone: uploads, tapes and Programs inside throw, and leave nothing behind', () => {
    const x = floats(1);
    expect(() => Program.record(device, () => [add(x, floats(2))])).toThrow(ArgumentError);
    expect(() => Program.record(device, () => Program.record(device, () => [add(x, x)]).outputs)).toThrow(
      ArgumentError,
    );
    expect(() => new Tape().run(() => Program.record(device, () => [add(x, x)]))).toThrow('for inference');
    const again = Program.record(device, () => [add(x, x)]);
    again.dispose();
    x.dispose();
    expect(device.memory().live).toBe(0);
  });
});
