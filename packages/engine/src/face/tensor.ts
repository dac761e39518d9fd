// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  anything,
  callback,
  checked,
  having,
  instance,
  kind,
  limit,
  list,
  number,
  object,
  oneOf,
  optional,
  options,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { sequence } from '../checks.js';
import * as adam from '../tensor/ops/adamw.js';
import * as casts from '../tensor/ops/cast.js';
import * as copies from '../tensor/ops/copy.js';
import * as kv from '../tensor/ops/kvWrite.js';
import * as one from '../tensor/ops/linear.js';
import * as group from '../tensor/ops/linearGroup.js';
import * as sampling from '../tensor/ops/linearSample.js';
import * as shapes from '../tensor/ops/reshape.js';
import * as gates from '../tensor/ops/swiglu.js';
import * as norms from '../tensor/ops/rmsNorm.js';
import * as pools from '../tensor/ops/treeAttentionPool.js';
import * as planner from '../tensor/planner.js';
import * as scopes from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { isLinearAdapter, isVector } from '../tensor/vector.js';

// Tensors, weights and numbers are an op's to check, by its contract: here stands what they come in.
const tensor = anything;
const bag = object({});
const isPlain = kind('an object of options', (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
});
/** Options of an op. A tensor in their place has none of their names, and would be left out without a word. */
const optionsOf = (fields: Readonly<Record<string, Check>> = {}): Check => {
  const named = options(fields);
  return (value, what, where) => {
    isPlain(value, what, where);
    named(value, what, where);
  };
};
const activation = optional(oneOf(...gates.ACTIVATIONS));
const float = oneOf('float32', 'bf16');

export const adamw = checked('adamw', { state: bag, options: optionsOf() }, adam.adamw);
export const cast = checked('cast', { x: tensor, dtype: float }, casts.cast);
export const clone = checked('clone', { x: instance(Tensor) }, copies.clone);
export const kvWrite = checked(
  'kvWrite',
  { k: tensor, v: tensor, slots: tensor, poolK: tensor, poolV: tensor, angles: optional(optionsOf()) },
  kv.kvWrite,
);
export const linear = checked(
  'linear',
  {
    x: tensor,
    weight: anything,
    options: optional(
      optionsOf({ bias: optional(isVector), adapters: optional(list(isLinearAdapter)), activation }),
    ),
  },
  one.linear,
);
const adapter = having('an adapter', { a: isVector, b: isVector, scale: number() });
export const linearGroup = checked(
  'linearGroup',
  { x: tensor, parts: list(object({ bias: optional(isVector), adapters: optional(list(adapter)) })) },
  group.linearGroup,
);
export const linearSample = checked(
  'linearSample',
  { h: tensor, head: anything, keys: tensor, options: optional(optionsOf()) },
  sampling.linearSample,
);
export const reshape = checked('reshape', { x: instance(Tensor), shape: list(whole(1)) }, shapes.reshape);
export const rmsNorm = checked(
  'rmsNorm',
  { x: tensor, weight: isVector, eps: anything, options: optional(optionsOf()) },
  norms.rmsNorm,
);
export const swiglu = checked('swiglu', { gate: tensor, up: tensor, activation }, gates.swiglu);
export const treeAttentionPool = checked(
  'treeAttentionPool',
  {
    q: tensor,
    poolK: tensor,
    poolV: tensor,
    tables: tensor,
    rowTable: tensor,
    lengths: tensor,
    scale: anything,
    reads: object({ pairs: whole(0), keys: whole(0) }),
  },
  pools.treeAttentionPool,
);
export const tidy = checked('tidy', { fn: callback }, scopes.tidy);
export const plan = checked(
  'plan',
  { groups: list(object({ sequences: list(sequence) })), tokenBudget: limit },
  planner.plan,
);
