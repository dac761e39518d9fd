import fc from 'fast-check';
import type { TreeSequence } from '@selfjudge/text';
import * as engine from '../../index.js';
import { arg, entry, fields, type Entry } from '@selfjudge/testing/wrongCalls';
import {
  except,
  noneOf,
  notFunction,
  notList,
  notListOf,
  notNumber,
  notObject,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongValues';
import {
  device,
  floats,
  ids,
  junk,
  matrix,
  notDevice,
  firstNotFloats,
  notShape,
  notTensor,
  perhaps,
  weight,
} from './values.js';

const { Device, ParameterSet, Program, RowCounter, Tape, Tensor, TreeBatch, DeviceTree, Vector, Weight } =
  engine;
const dtype = noneOf('float32', 'bf16', 'int32');
export const sequence = {
  tokens: [1, 2, 3],
  targets: [[1, 3]] as [number, number][],
  candidates: [{ position: 0, labels: [4] }],
  state: 0,
};
const bad = (part: object) => ({ ...sequence, ...part });
export const notSequences = fc.oneof(
  notListOf(sequence, junk),
  notList.map((tokens) => [bad({ tokens })]).filter(([{ tokens }]) => !ArrayBuffer.isView(tokens)),
  notWhole(0, 2 ** 31 - 1).map((token) => [bad({ tokens: [token, 2, 3] })]),
  perhaps(notList).map((targets) => [bad({ targets })]),
  fc
    .constantFrom([[0, 1]], [[2, 2]], [[1, 4]], [[1.5, 2]], [[1]], [['1', 2]], [1])
    .map((targets) => [bad({ targets })]),
  perhaps(notList).map((candidates) => [bad({ candidates })]),
  perhaps(notList).map((hidden) => [bad({ hidden })]),
  notWhole(0, 2).map((position) => [bad({ hidden: [position] })]),
  notWhole(0, 2).map((position) => [bad({ candidates: [{ position, labels: [4] }] })]),
  fc
    .oneof(notList, notListOf(1, notWhole(0)))
    .map((labels) => [bad({ candidates: [{ position: 0, labels }] })]),
  perhaps(notWhole(Number.MIN_SAFE_INTEGER)).map((state) => [bad({ state })]),
);
const set = () => new ParameterSet(device, floats([4]), [{ name: 'x', offset: 0, shape: [4] }], () => {});
const batch = TreeBatch.from([sequence]);

/** Runs `use` on a tape that has recorded one op. */
function onTape(use: (tape: engine.Tape, output: engine.Tensor) => void): void {
  const tape = new Tape();
  const x = floats();
  tape.watch(x);
  const y = tape.run(() => engine.add(x, x));
  try {
    use(tape, y);
  } finally {
    tape.dispose();
  }
}

export const tensorEntries: Record<string, Entry> = {
  'Device.open': entry(Device.open, {
    kind: arg('cpu', fc.oneof(perhaps(notText), fc.constantFrom('gpu', '', 'cuda:x', 'CPU'))),
  }),
  'Tensor.from': entry(Tensor.from, {
    device: arg(device, notDevice),
    data: arg(
      [1, 2, 3, 4],
      fc.oneof(junk, fc.constantFrom([1, 2, 3], ['1', '2', 3, 4], new Int32Array(4), new Float32Array(3))),
    ),
    shape: arg([2, 2], notShape),
    dtype: arg('float32', perhaps(dtype)),
  }),
  'Tensor.empty': entry(Tensor.empty, {
    device: arg(device, notDevice),
    shape: arg([2], notShape),
    dtype: arg('bf16', perhaps(dtype)),
  }),
  'Tensor.zeros': entry(Tensor.zeros, {
    device: arg(device, notDevice),
    shape: arg([2], notShape),
    dtype: arg('bf16', perhaps(dtype)),
  }),
  'Tensor#view': entry((offset: number, shape: number[]) => matrix.view(offset, shape), {
    offset: arg(1, notWhole(0, 3)),
    shape: arg([1], fc.oneof(notShape, fc.constant([4]))),
  }),
  'Weight.pack': entry(Weight.pack, {
    rows: arg(matrix, fc.oneof(notTensor, fc.constantFrom(ids, floats([4])))),
    dtype: arg('bf16', noneOf('bf16', 'float32')),
  }),
  'Weight.empty': entry(Weight.empty, {
    device: arg(device, notDevice),
    shape: arg([2, 2], fc.oneof(notShape, fc.constantFrom([2], [2, 2, 2]))),
    dtype: arg('bf16', noneOf('bf16', 'float32')),
  }),
  'Weight#packRows': entry((from: number, rows: engine.Tensor) => weight.packRows(from, rows), {
    from: arg(0, fc.oneof(notWhole(0), fc.constantFrom(1, 48))),
    rows: arg(
      matrix,
      fc.oneof(firstNotFloats, fc.constantFrom(floats([1, 2]), floats([3, 2]), floats([2, 3]))),
    ),
  }),
  'Weight#repack': entry((rows: engine.Tensor) => weight.repack(rows), { rows: arg(matrix, firstNotFloats) }),
  'new Vector': entry((value: engine.Tensor, grad?: engine.Tensor) => new Vector(value, grad), {
    value: arg(matrix, junk),
    grad: arg(matrix, perhaps(junk)),
  }),
  tidy: entry(engine.tidy, {
    fn: arg(
      () => () => 1,
      fc.oneof(
        notFunction,
        fc.constant(() => Promise.resolve(1)),
      ),
    ),
  }),
  'Tape#run': entry((fn: () => unknown) => new Tape().run(fn), {
    fn: arg(
      () => () => 1,
      fc.oneof(
        notFunction,
        fc.constant(() => Promise.resolve(1)),
      ),
    ),
  }),
  'Tape#watch': entry((x: engine.Tensor) => new Tape().watch(x), { tensor: arg(matrix, junk) }),
  'Tape#gradient': entry((x: engine.Tensor) => new Tape().gradient(x), { tensor: arg(matrix, junk) }),
  'Tape#backward': entry(
    (output: engine.Tensor | undefined, gradient: engine.Tensor) =>
      onTape((tape, y) => tape.backward(output === undefined ? y : output, gradient)),
    {
      output: arg(
        undefined,
        perhaps(fc.oneof(junk, fc.constant(matrix))).filter((x) => !Array.isArray(x) || x.length > 0),
        '',
      ),
      gradient: arg(matrix, fc.oneof(junk, fc.constantFrom(floats([4]), ids, new Float32Array(3)))),
    },
  ),
  'Program.record': entry(
    (on: engine.Device, fn: () => engine.Tensor[]) => Program.record(on, fn).dispose(),
    {
      device: arg(device, notDevice),
      fn: arg(
        () => () => [engine.add(matrix, matrix)],
        fc
          .oneof(
            notFunction,
            except((v) => Array.isArray(v) && v.length === 0).map((value) => () => value),
          )
          .filter((fn) => typeof fn !== 'function' || !isEmptyBag(fn as () => unknown)),
      ),
    },
  ),
  'DeviceTree.from': entry(DeviceTree.from, {
    device: arg(device, notDevice),
    batch: fields(
      {
        segments: arg(new Int32Array([0, 2, -1]), fc.oneof(junk, fc.constant(new Int32Array([1, 1, -1])))),
        rows: arg(2, notWhole(1)),
      },
      notObject,
    ),
  }),
  'TreeBatch.from': entry(TreeBatch.from, {
    sequences: arg([sequence], fc.oneof(notSequences, fc.constant([]))),
  }),
  'TreeBatch#sums': entry((logp: number[]) => batch.sums(logp), {
    logp: arg(
      [1, 2, 3],
      fc.oneof(
        junk,
        notNumber()
          .filter((x) => typeof x !== 'number')
          .map((x) => [1, 2, x]),
      ),
    ),
  }),
  'RowCounter#add': entry((sequences: TreeSequence[]) => new RowCounter().add(sequences), {
    sequences: arg(
      [sequence],
      notSequences.filter((x) => !Array.isArray(x) || x.length > 0),
    ),
  }),
  plan: entry((groups: engine.SequenceGroup[], budget: number) => [...engine.plan(groups, budget)], {
    groups: arg(
      [{ sequences: [sequence] }],
      fc.oneof(
        notListOf({ sequences: [sequence] }, junk),
        notList.map((sequences) => [{ sequences }]),
      ),
    ),
    tokenBudget: arg(
      8,
      fc.oneof(notNumber(1), fc.constant(0.5)).filter((x) => x !== Infinity),
    ),
  }),
  'new ParameterSet': entry(
    (on: engine.Device, value: engine.Tensor, entries: engine.ParameterEntry[], refresh: () => void) =>
      new ParameterSet(on, value, entries, refresh),
    {
      device: arg(device, notDevice),
      value: arg(floats([4]), junk),
      entries: arg(
        [{ name: 'x', offset: 0, shape: [4] }],
        notListOf({ name: 'x', offset: 0, shape: [4] }, junk),
      ),
      refresh: arg(() => () => {}, notFunction),
    },
  ),
  'ParameterSet#load': entry((data: Float32Array) => set().load(data), {
    data: arg(new Float32Array(4), fc.oneof(junk, fc.constant(new Float32Array(3)))),
  }),
};

/** Whether a Program that records this would have no outputs, which is allowed. */
function isEmptyBag(fn: () => unknown): boolean {
  const value = fn();
  return typeof value === 'object' && value !== null && !('then' in value) && Object.keys(value).length === 0;
}
