import { expect } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { add } from '@selfjudge/engine';
import { addInPlace } from '@selfjudge/engine';
import { copyTo } from '@selfjudge/engine';
import { fill } from '@selfjudge/engine';
import { gatherRows } from '@selfjudge/engine';
import { linear } from '@selfjudge/engine';
import { reshape } from '@selfjudge/engine';
import { swiglu } from '@selfjudge/engine';
import { Program } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import { Random } from './random.js';

const ROWS = 5;
const WIDTH = 8;

/** A random number of actions on a device: ops, disposals, tidy scopes, views, Programs, reads. */
class Interleaving {
  readonly #random: Random;
  readonly #device: Device;
  /** Waits for the device after every action. */
  readonly #synchronous: boolean;
  readonly #weight: Weight;
  #live: Tensor[] = [];
  readonly #reads: Promise<Float32Array>[] = [];

  constructor(device: Device, seed: number, synchronous: boolean) {
    this.#random = new Random(seed);
    this.#device = device;
    this.#synchronous = synchronous;
    this.#weight = tidy(() => Weight.pack(this.#upload(WIDTH), 'float32'));
    this.#live = [this.#upload(), this.#upload()];
  }

  async run(): Promise<Float32Array[]> {
    for (let actions = 5 + this.#random.below(30); actions > 0; actions--) {
      this.#act();
      if (this.#synchronous) await this.#device.sync();
    }
    for (const tensor of this.#live) this.#read(tensor);
    for (const tensor of [...this.#live, this.#weight]) tensor.dispose();
    return Promise.all(this.#reads);
  }

  #act(): void {
    const random = this.#random;
    const x = this.#pick();
    switch (random.below(11)) {
      case 0:
        return this.#keep(this.#upload());
      case 1:
        return this.#keep(add(x, this.#pick()));
      case 2:
        return this.#keep(this.#compute(x));
      case 3:
        return fill(x, random.below(9));
      case 4: {
        const [to] = this.#others(x);
        return to && copyTo(x, to);
      }
      case 5: {
        const [to] = this.#others(x);
        return to && addInPlace(to, x);
      }
      case 6:
        return this.#keep(
          tidy(() => {
            const rows = Int32Array.from({ length: ROWS }, () => random.below(ROWS));
            return gatherRows(this.#compute(x), Tensor.from(this.#device, rows, [ROWS]));
          }),
        );
      case 7:
        return this.#read(x);
      case 8: {
        // A view of memory whose own handle may go first.
        const view = reshape(x, [ROWS, WIDTH]);
        if (random.uniform() < 0.5) this.#drop(x);
        return this.#keep(view);
      }
      case 9:
        return this.#program(x);
      default:
        return this.#live.length > 2 ? this.#drop(x) : undefined;
    }
  }

  #compute(x: Tensor): Tensor {
    return tidy(() => swiglu(linear(x, this.#weight), x));
  }

  /** Recorded, run again after its input changed, and disposed before the device has caught up. */
  #program(x: Tensor): void {
    const program = Program.record(this.#device, () => [this.#compute(x)]);
    fill(x, 2);
    program.run();
    this.#read(program.outputs[0]);
    program.dispose();
  }

  #upload(rows = ROWS): Tensor {
    const values = Float32Array.from(this.#random.normals(rows * WIDTH));
    return Tensor.from(this.#device, values, [rows, WIDTH]);
  }

  #pick(): Tensor {
    return this.#live[this.#random.below(this.#live.length)];
  }

  /** Live tensors on other memory than `x`: ops in place want no overlap, and views share. */
  #others(x: Tensor): Tensor[] {
    return this.#live.filter((y) => y.exclusive && y !== x);
  }

  #keep(x: Tensor): void {
    this.#live.push(x);
    if (this.#live.length > 12) this.#drop(this.#live[0]);
  }

  #drop(x: Tensor): void {
    this.#live = this.#live.filter((y) => y !== x);
    x.dispose();
  }

  #read(x: Tensor): void {
    this.#reads.push(x.read() as Promise<Float32Array>);
  }
}

/** `count` random interleavings that never wait read the same bits as their twins that wait after every action. */
export async function compareInterleavings(device: Device, count: number): Promise<void> {
  for (let seed = 0; seed < count; seed++) {
    const queued = await new Interleaving(device, seed, false).run();
    const twin = await new Interleaving(device, seed, true).run();
    if (queued.some((bits, i) => Buffer.compare(Buffer.from(bits.buffer), Buffer.from(twin[i].buffer)) !== 0))
      expect(queued, `interleaving ${seed}`).toEqual(twin);
    expect(device.memory().live, `interleaving ${seed}`).toBe(0);
  }
}
