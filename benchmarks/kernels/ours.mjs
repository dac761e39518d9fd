// The matrix product and the head of ours, served line by line: the same work as benchmarks/peers/onednn.
//
// Calls run in Programs, so that a turn is kernels and not calls from JavaScript.
import { createInterface } from 'node:readline';
import { Device, Program, Tensor, Weight, linear, linearLogprob } from '../../packages/engine/dist/index.js';
import { checksum, exactLabels, exactValues } from './exact.mjs';

const device = Device.open('cpu');
/** Ops of one Program at most. */
const CHUNK = 64;

function weight([N, K]) {
  const rows = Tensor.from(device, exactValues('w', N * K), [N, K], 'bf16');
  const packed = Weight.pack(rows, 'bf16');
  rows.dispose();
  return packed;
}

class Work {
  #held;
  #forward;
  #programs = new Map();

  constructor({ op, shape: { M, N, K } }) {
    const x = Tensor.from(device, exactValues('x', M * K), [M, K], 'bf16');
    const w = weight([N, K]);
    this.#held = [x, w];
    if (op === 'linear') {
      this.#forward = () => linear(x, w);
    } else {
      const rows = Tensor.from(
        device,
        Int32Array.from({ length: M }).map((_, i) => i),
        [M],
      );
      const labels = Tensor.from(device, exactLabels(M, N), [M]);
      this.#held.push(rows, labels);
      this.#forward = () => linearLogprob(x, w, rows, labels);
    }
    this.op = op;
  }

  /** One call: what both sides must agree on, and the memory it takes over inputs and outputs. */
  async check() {
    await device.sync();
    const { live } = device.memory();
    device.resetPeak();
    const y = this.#forward();
    const values = await y.read();
    const output = y.size * (y.dtype === 'bf16' ? 2 : 4);
    this.extra_mb = (device.memory().peak - live - output) / 2 ** 20;
    this.checksum = checksum[this.op](values);
    y.dispose();
  }

  enqueue(calls) {
    for (let left = calls; left > 0; left -= CHUNK) this.#program(Math.min(left, CHUNK)).run();
  }

  #program(calls) {
    let program = this.#programs.get(calls);
    if (!program) {
      program = Program.record(device, () => {
        let y;
        for (let i = 0; i < calls; i++) {
          y?.dispose(); // every call writes to the same memory, as the peer's do
          y = this.#forward();
        }
        return [y];
      });
      this.#programs.set(calls, program);
    }
    return program;
  }

  dispose() {
    for (const made of [...this.#programs.values(), ...this.#held]) made.dispose();
  }
}

let current;
let prepared;
for await (const line of createInterface({ input: process.stdin })) {
  const { calls, ...what } = JSON.parse(line);
  const key = JSON.stringify(what);
  if (key !== prepared) {
    current?.dispose();
    current = new Work(what);
    prepared = key;
    await current.check();
  }
  const start = performance.now();
  current.enqueue(calls);
  await device.sync();
  const answer = {
    seconds: (performance.now() - start) / 1000 / calls,
    checksum: current.checksum,
    extra_mb: current.extra_mb,
    path: device.path,
    device: device.description,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
