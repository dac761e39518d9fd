import fc from 'fast-check';
import * as engine from '../../index.js';
import { arg, entry, fields, type Entry } from '@selfjudge/testing/wrongCalls';
import { except, noneOf, notList, notNumber, notObject, notWhole } from '@selfjudge/testing/wrongValues';
import {
  firstNotFloats,
  firstNotInts,
  floats,
  ids,
  ints,
  matrix,
  notFloats,
  notInts,
  notOptions,
  notShape,
  notTree,
  notVector,
  notWeight,
  perhaps,
  tree,
  vector,
  weight,
} from './values.js';

const notActivation = perhaps(noneOf(...engine.ACTIVATIONS));
const three = floats([2, 1, 2]);
const flat = () => floats([4]);
const pool = { poolK: floats([1, 2, 64]), poolV: floats([1, 64, 2]) };
const adapter = {
  a: { value: floats([1, 2]) },
  b: { value: floats([2, 1]) },
  scale: 1,
  start: 0,
  rows: 2,
  dropout: 0,
  module: 0,
};

/** The tables of ops: what is wrong with shapes, the addon's own tests try for every op. */
export const opEntries: Record<string, Entry> = {
  add: entry(engine.add, { a: arg(matrix, firstNotFloats), b: arg(matrix, notFloats) }),
  addInPlace: entry(engine.addInPlace, { a: arg(() => floats(), firstNotFloats), b: arg(matrix, notFloats) }),
  scale: entry(engine.scale, {
    x: arg(matrix, firstNotFloats),
    factor: arg(0.5, notNumber(-3.4e38, 3.4e38)),
  }),
  swiglu: entry(engine.swiglu, {
    gate: arg(matrix, firstNotFloats),
    up: arg(matrix, notFloats),
    activation: arg('gelu_tanh', notActivation),
  }),
  globalNorm: entry(engine.globalNorm, { x: arg(flat, firstNotFloats) }),
  cast: entry(engine.cast, { x: arg(matrix, firstNotFloats), dtype: arg('bf16', noneOf('bf16', 'float32')) }),
  clone: entry(engine.clone, {
    x: arg(
      matrix,
      firstNotFloats.filter((x) => x !== ids),
    ),
  }),
  copyTo: entry(engine.copyTo, {
    x: arg(
      matrix,
      firstNotFloats.filter((x) => x !== ids),
    ),
    y: arg(() => floats(), notFloats),
  }),
  fill: entry(engine.fill, {
    x: arg(
      () => floats(),
      firstNotFloats.filter((x) => x !== ids),
    ),
    value: arg(1, notNumber(-3e38, 3e38)),
  }),
  reshape: entry(engine.reshape, {
    x: arg(
      matrix,
      firstNotFloats.filter((x) => x !== ids),
    ),
    shape: arg([4], fc.oneof(notShape, fc.constantFrom([3], [2, 3]))),
  }),
  gatherRows: entry(engine.gatherRows, { x: arg(matrix, firstNotFloats), rows: arg(ids, notInts) }),
  scatterRows: entry(engine.scatterRows, {
    x: arg(matrix, firstNotFloats),
    rows: arg(ids, notInts),
    count: arg(2, notWhole(1, 2 ** 31 - 1), 't'),
  }),
  embedding: entry(engine.embedding, { table: arg(weight, notWeight), ids: arg(ids, notInts) }),
  feedTokens: entry(engine.feedTokens, {
    sampled: arg(ids, firstNotInts),
    given: arg(ids, notInts),
    from: arg(ids, notInts),
  }),
  kvCopy: entry(engine.kvCopy, {
    moves: arg(ints([1, 3]), firstNotInts),
    poolK: arg(pool.poolK, notFloats),
    poolV: arg(pool.poolV, notFloats),
    keys: arg(1, notWhole(0)),
  }),
  kvWrite: entry(engine.kvWrite, {
    k: arg(three, firstNotFloats),
    v: arg(three, notFloats),
    slots: arg(ints([2]), notInts),
    poolK: arg(pool.poolK, notFloats),
    poolV: arg(pool.poolV, notFloats),
    angles: fields(
      {
        table: arg(floats([1, 2]), notFloats),
        positions: arg(engine.Tensor.from(matrix.device, Int32Array.of(0, 0), [2]), notInts),
        q: arg(() => floats([2, 1, 2]), perhaps(notFloats)),
      },
      perhaps(notOptions),
    ),
  }),
  treeAttention: entry(engine.treeAttention, {
    q: arg(three, firstNotFloats),
    k: arg(three, notFloats),
    v: arg(three, notFloats),
    tree: arg(tree, notTree),
    scale: arg(1, notNumber(-1e30, 1e30)),
    window: arg(1, perhaps(notWhole(0, 2 ** 31 - 1))),
  }),
  treeAttentionPool: entry(engine.treeAttentionPool, {
    q: arg(three, firstNotFloats),
    poolK: arg(pool.poolK, notFloats),
    poolV: arg(pool.poolV, notFloats),
    tables: arg(ints([1, 1]), notInts),
    rowTable: arg(ints([2]), notInts),
    lengths: arg(engine.Tensor.from(matrix.device, Int32Array.of(1, 1), [2]), notInts),
    scale: arg(1, notNumber(-1e30, 1e30)),
    reads: fields({ pairs: arg(2, notWhole(0)), keys: arg(1, notWhole(0)) }, notObject),
    window: arg(1, perhaps(notWhole(0, 2 ** 31 - 1))),
  }),
  rope: entry(engine.rope, {
    x: arg(() => floats([2, 1, 2]), firstNotFloats),
    table: arg(floats([3, 2]), notFloats),
    positions: arg(ids, notInts),
  }),
  rmsNorm: entry(engine.rmsNorm, {
    x: arg(matrix, firstNotFloats),
    weight: arg(vector, notVector),
    eps: arg(1e-5, notNumber(0, 1)),
    options: fields(
      {
        residual: arg(matrix, perhaps(notFloats)),
        offset: arg(1, perhaps(notNumber(-1e30, 1e30))),
      },
      perhaps(notOptions),
    ),
  }),
  linear: entry(engine.linear, {
    x: arg(matrix, firstNotFloats),
    weight: arg(weight, notWeight),
    options: fields(
      {
        bias: arg(vector, perhaps(notVector)),
        adapters: arg(
          [adapter],
          fc.oneof(
            perhaps(notList),
            fc.constant([adapter, adapter, adapter]),
            notVector.map((a) => [{ ...adapter, a }]),
            notVector.map((b) => [adapter, { ...adapter, b }]),
            ...['scale', 'start', 'rows', 'dropout', 'module'].map((key) =>
              notNumber().map((value) => [{ ...adapter, [key]: value }]),
            ),
          ),
        ),
        rowKeys: arg(ints([2, 2]), perhaps(notInts)),
        gate: arg(matrix, perhaps(notFloats)),
        activation: arg('gelu_tanh', notActivation),
        seed: arg(1, perhaps(notWhole(0, 2 ** 32 - 1))),
        step: arg(1, perhaps(notWhole(0, 2 ** 32 - 1))),
      },
      perhaps(notOptions),
    ),
  }),
  linearGroup: entry(engine.linearGroup, {
    x: arg(matrix, firstNotFloats),
    parts: arg(
      [{ weight, bias: vector, adapters: [adapter, adapter] }, { weight }, { weight }],
      fc.oneof(
        notList,
        notList.map((parts) => [
          { weight },
          ...[parts].filter((part) => part !== undefined),
          { weight },
          { weight },
        ]),
        fc.constant([]),
        fc.constant([{ weight }]),
        fc.constant([{ weight }, { weight }, { weight }, { weight }]),
        fc.constant([{ weight }, { weight, adapters: [adapter, adapter, adapter] }]),
        notWeight.map((w) => [{ weight }, { weight: w }]),
        notVector.filter((bias) => bias !== undefined).map((bias) => [{ weight }, { weight, bias }]),
        notVector.map((a) => [{ weight }, { weight, adapters: [{ ...adapter, a }] }]),
        notVector.map((b) => [{ weight, adapters: [adapter, { ...adapter, b }] }, { weight }]),
        notNumber().map((scale) => [{ weight, adapters: [{ ...adapter, scale }] }, { weight }]),
      ),
    ),
  }),
  linearLogprob: entry(engine.linearLogprob, {
    h: arg(matrix, firstNotFloats),
    head: arg(weight, notWeight),
    rows: arg(ids, notInts),
    labels: arg(ids, notInts),
  }),
  linearSample: entry(engine.linearSample, {
    h: arg(matrix, firstNotFloats),
    head: arg(weight, notWeight),
    keys: arg(ints([2, 2]), notInts),
    options: fields(
      {
        temperature: arg(1, perhaps(notNumber(0, 1e6))),
        topK: arg(1, perhaps(notWhole(0, 2 ** 31 - 1))),
        topP: arg(0.5, perhaps(fc.oneof(notNumber(0, 1), fc.constant(0)))),
        minP: arg(0.5, perhaps(notNumber(0, 1))),
        vocabSize: arg(3, perhaps(notWhole(0, 2 ** 31 - 1))),
        seed: arg(
          1,
          perhaps(except((v) => typeof v === 'bigint' || (Number.isSafeInteger(v) && (v as number) >= 0))),
        ),
      },
      perhaps(notOptions),
    ),
  }),
  adamw: entry(engine.adamw, {
    state: fields(
      {
        grad: arg(flat, firstNotFloats),
        param: arg(flat, notFloats),
        m: arg(flat, notFloats),
        v: arg(flat, notFloats),
      },
      notObject,
    ),
    options: fields(
      {
        lr: arg(0.1, notNumber(0, 1e6)),
        beta1: arg(0.9, notNumber(0, 1)),
        beta2: arg(0.9, notNumber(0, 1)),
        eps: arg(1e-8, notNumber(0, 1)),
        weightDecay: arg(0, notNumber(0, 1e6)),
        step: arg(1, notWhole(1, 2 ** 32 - 1)),
        gradScale: arg(1, perhaps(notNumber(-1e30, 1e30))),
      },
      notOptions,
    ),
  }),
};
