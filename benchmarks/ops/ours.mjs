// One op of ours, served line by line: the same work as benchmarks/peers/ops.py. Answers the seconds of one call.
import { createInterface } from 'node:readline';
import {
  Device,
  Random,
  Tape,
  Tensor,
  TreeBatch,
  TreePlan,
  Weight,
  linear,
  linearLogprob,
  tidy,
  treeAttention,
} from '../../packages/core/dist/index.js';

const device = Device.open(process.argv[2]);
const random = new Random(7);
// One block of normal values, read from a random place each time: as random, and quick to fill large tensors with.
const normals = Float32Array.from({ length: 1 << 20 }, () => random.normal());
const tensor = (shape, dtype, scale = 1) => {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length;) {
    const from = random.below(normals.length / 2);
    const piece = normals.subarray(from, from + Math.min(normals.length / 2, values.length - i));
    values.set(piece, i);
    i += piece.length;
  }
  if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] *= scale;
  return Tensor.from(device, values, shape, dtype);
};
const weight = (shape, dtype) => {
  const rows = tensor(shape, dtype, 1 / Math.sqrt(shape[1]));
  const packed = Weight.pack(rows, dtype);
  rows.dispose();
  return packed;
};

/** Prepares the inputs of a shape; returns a function that makes one call and what to dispose at the end. */
const OPS = {
  linear({ shape: { M, N, K }, dtype }) {
    const x = tensor([M, K], dtype);
    const w = weight([N, K], dtype);
    return { call: () => linear(x, w).dispose(), made: [x, w] };
  },
  logprob({ shape: { M, N, K }, dtype }, backward = false) {
    const h = tensor([M, K], dtype);
    const w = weight([N, K], dtype);
    const rows = Tensor.from(
      device,
      Int32Array.from({ length: M }, (_, i) => i),
      [M],
    );
    const labels = Tensor.from(
      device,
      Int32Array.from({ length: M }, () => random.below(N)),
      [M],
    );
    const dlogp = new Float32Array(M).fill(-1 / M);
    const call = () => {
      if (!backward) return linearLogprob(h, w, rows, labels).dispose();
      const tape = new Tape();
      tape.watch(h);
      const logp = tape.run(() => linearLogprob(h, w, rows, labels));
      tape.backward([[logp, dlogp]]);
      logp.dispose();
      tape.gradient(h).dispose();
      tape.dispose();
    };
    return { call, made: [h, w, rows, labels] };
  },
  'logprob+backward': (work) => OPS.logprob(work, true),
  attention({ batch, shape: { heads, kvHeads, dim }, dtype }, backward = false) {
    let token = 0;
    const sequences = batch.flatMap(({ prompt, answers }) => {
      const shared = Array.from({ length: prompt }, () => token++);
      return answers.map((n) => ({ tokens: shared.concat(Array.from({ length: n }, () => token++)) }));
    });
    const tree = TreeBatch.from(sequences);
    const plan = TreePlan.from(device, tree);
    const q = tensor([tree.rows, heads, dim], dtype);
    const k = tensor([tree.rows, kvHeads, dim], dtype);
    const v = tensor([tree.rows, kvHeads, dim], dtype);
    const upstream = backward ? Float32Array.from({ length: tree.rows * heads * dim }, () => 1) : undefined;
    const dO = backward ? Tensor.from(device, upstream, [tree.rows, heads, dim], dtype) : undefined;
    const scale = 1 / Math.sqrt(dim);
    const call = () => {
      if (!backward) return tidy(() => void treeAttention(q, k, v, plan, scale));
      const tape = new Tape();
      for (const x of [q, k, v]) tape.watch(x);
      const o = tape.run(() => treeAttention(q, k, v, plan, scale));
      tape.backward([[o, dO]]);
      o.dispose();
      for (const x of [q, k, v]) tape.gradient(x).dispose();
      tape.dispose();
    };
    return { call, made: [q, k, v, plan, ...(dO ? [dO] : [])] };
  },
  'attention+backward': (work) => OPS.attention(work, true),
};

let current = { key: undefined, call: undefined, made: [] };

for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line);
  const key = JSON.stringify(work);
  if (key !== current.key) {
    for (const made of current.made) made.dispose();
    current = { key, ...OPS[work.op](work) };
    current.call();
    await device.sync();
    device.resetPeak();
  }
  const start = performance.now();
  for (let i = 0; i < work.calls; i++) current.call();
  await device.sync();
  const seconds = (performance.now() - start) / 1000 / work.calls;
  const answer = {
    seconds,
    peak_mb: device.memory().peak / 2 ** 20,
    path: device.path,
    device: device.description,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
