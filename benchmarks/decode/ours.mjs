// Decoding of ours, served line by line. usage: node ours.mjs MODEL DEVICE shared|unshared
// shared: the prefix of all answers is stored once. unshared: the same shapes, a copy of the prefix for each answer.
import { Device, Model, Tensor, treeAttentionPool } from '../../packages/engine/dist/index.js';
import { serve, timed } from '../compare.mjs';
import { secondsOfStep } from '../steps.mjs';

const [weights, kind, sharing] = process.argv.slice(2);
const shared = sharing === 'shared';
const device = Device.open(kind);
const model = await Model.load(weights, { device, dtype: 'bf16' });
const { vocabSize, layers, heads, kvHeads, headDim } = model.config;
const BLOCK = 64;

/** A prompt of which `length` tokens are prefilled; the last is fed in the first step. */
const prompt = (length, salt = 0) =>
  Array.from({ length: length + 1 }, (_, i) => 100 + ((i * 7919 + salt * 104_729) % (vocabSize - 100)));

/** A whole step of decoding. Without sharing each answer has a prompt of its own, of the same length. */
const step = ({ prefix, answers, steps }) =>
  shared
    ? secondsOfStep(model.view(), [prompt(prefix)], { count: answers, steps })
    : secondsOfStep(
        model.view(),
        Array.from({ length: answers }, (_, i) => prompt(prefix, i + 1)),
        { count: 1, steps },
      );

/**
 * Attention of a layer in such a step, when every answer has a block of its own behind the prefix: a call for each layer on
 * keys and values of its own, `steps` times, so that they are as far from the processor as they are in a step.
 */
async function attention({ prefix, answers, steps }) {
  const above = prefix / BLOCK;
  const width = above + 1;
  const blocks = shared ? above + answers : answers * width;
  const table = (i) =>
    Array.from({ length: width }, (_, b) => (shared ? (b < above ? b : above + i) : i * width + b));
  const random = (shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return Tensor.from(
      device,
      Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5),
      shape,
      'bf16',
    );
  };
  const ints = (values, shape = [values.length]) => Tensor.from(device, Int32Array.from(values), shape);
  const rows = Array.from({ length: answers }, (_, i) => i);
  const keys = width * BLOCK;
  const q = random([answers, heads, headDim]);
  const pools = Array.from({ length: layers }, () => [
    random([blocks, kvHeads * headDim, BLOCK]),
    random([blocks, kvHeads * BLOCK, headDim]),
  ]);
  const tables = ints(rows.flatMap(table), [answers, width]);
  const [rowTable, lengths] = [ints(rows), ints(rows.map(() => keys))];
  const scale = 1 / Math.sqrt(headDim);
  const reads = { pairs: answers * keys, keys: blocks * BLOCK };
  const step = () => {
    for (const [poolK, poolV] of pools)
      treeAttentionPool(q, poolK, poolV, tables, rowTable, lengths, scale, reads).dispose();
  };
  step();
  await device.sync();
  const { seconds } = await timed(async () => {
    for (let i = 0; i < steps; i++) step();
    await device.sync();
  });
  for (const one of [q, ...pools.flat(), tables, rowTable, lengths]) one.dispose();
  return seconds / steps / layers;
}

/** Bytes of the matrices that a token reads, each once: a table that is no head gives one row only. */
function bytesOfToken() {
  const matrices = [...model.parameters()].filter(({ shape }) => shape.length === 2);
  const read = matrices.filter(({ weight }) => weight !== model.table || model.table === model.head);
  return read.reduce((sum, { shape }) => sum + 2 * shape[0] * shape[1], 0);
}

await serve(async ({ part, ...work }) => ({
  seconds: await { step, attention }[part](work),
  bytes: bytesOfToken(),
  path: device.path,
  device: device.description,
}));
