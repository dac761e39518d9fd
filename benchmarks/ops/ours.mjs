// Ops of ours, served line by line: the same work as benchmarks/peers/ops.py. Answers the seconds of one call, and
// the operations and bytes that it comes to by the contracts of its ops.
import { createInterface } from 'node:readline';
import { Device, Tape, Tensor } from '../../packages/engine/dist/index.js';
import { opBenches } from './catalog.mjs';
import { Inputs } from './inputs.mjs';

const bytes = (tensor) => tensor.size * (tensor.dtype === 'bf16' ? 2 : 4);

const device = Device.open(process.argv[2]);
const inputs = new Inputs(device);
const benches = await opBenches();

/**
 * One call of the op as `work` asks for it: forward alone, or recorded and differentiated. Returns the bytes of what it
 * computed, which is disposed.
 */
function callOf(work) {
  const [name, backward] = work.op.split('+');
  const { call, forward, watched = [] } = benches[name].prepare(inputs, work, backward !== undefined);
  if (call) {
    return () => {
      call();
      return 0;
    };
  }
  const done = (tensors) => tensors.reduce((sum, tensor) => (tensor.dispose(), sum + bytes(tensor)), 0);
  if (!backward) return () => done([forward()]);
  let dy;
  return () => {
    const tape = new Tape();
    for (const x of watched) tape.watch(x);
    const y = tape.run(forward);
    dy ??= inputs.own(Tensor.from(device, new Float32Array(y.size).fill(1 / y.shape[0]), y.shape, y.dtype));
    tape.backward(y, dy);
    const computed = done([y, ...watched.map((x) => tape.gradient(x))]);
    tape.dispose();
    return computed;
  };
}

let current = { key: undefined, call: undefined, extra_mb: 0, flops: 0, bytes: 0 };

/** The most that a call has live over its inputs and what it computes. */
async function extraMb(call) {
  await device.sync();
  const { live } = device.memory();
  device.resetPeak();
  const computed = call();
  await device.sync();
  return Math.max(0, device.memory().peak - live - computed) / 2 ** 20;
}

for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line);
  const key = JSON.stringify(work);
  if (key !== current.key) {
    inputs.dispose();
    current = { key, call: callOf(work) };
    current.call();
    const before = device.counters();
    current.call();
    for (const what of ['flops', 'bytes']) current[what] = device.counters()[what] - before[what];
    current.extra_mb = await extraMb(current.call);
    device.resetPeak();
  }
  const start = performance.now();
  for (let i = 0; i < work.calls; i++) current.call();
  await device.sync();
  const seconds = (performance.now() - start) / 1000 / work.calls;
  const answer = {
    seconds,
    peak_mb: device.memory().peak / 2 ** 20,
    extra_mb: current.extra_mb,
    flops: current.flops,
    bytes: current.bytes,
    path: device.path,
    device: device.description,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
