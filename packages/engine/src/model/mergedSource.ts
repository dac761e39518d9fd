import { FileFormatError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { linear } from '../tensor/ops/linear.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Weight } from '../tensor/weight.js';
import type { AdapterParts, LowRank } from './adapterParts.js';
import { configProblem, hasBias, LINEARS, linearShape, type LinearName, type ModelConfig } from './config.js';
import { float32Of, type HostTensor } from './files/safetensors.js';
import { familyOf } from './families/index.js';
import type { LoadableSource, ModelSource } from './source.js';

type Merged = Extract<HostTensor, { dtype: 'float32' }>;

const TABLE = 'model.embed_tokens';
const HEAD = 'lm_head';

/**
 * A model's tensors with an adapter merged into them, as PEFT's merge_and_unload merges it, each when it is read: in
 * float32, rounded to the model's dtype once. A head that the base ties to its table is one of its own where one of the two
 * was trained alone, and biases that the base lacks are there where the adapter brings one.
 *
 * @throws FileFormatError for tables of a resized vocabulary without their heads
 */
export function mergedSource(source: ModelSource, parts: AdapterParts): LoadableSource {
  const config = mergedConfig(source.config, parts);
  const fromBase = (name: string) =>
    name === `${HEAD}.weight` && source.config.tieWordEmbeddings ? `${TABLE}.weight` : name;
  const partsOf = (name: string) => {
    const dot = name.lastIndexOf('.');
    const [module, kind] = [name.slice(0, dot), name.slice(dot + 1)];
    return { module, kind, own: parts.whole.get(name), change: parts.lowRank.get(module) };
  };
  const untouched = (name: string) => {
    const { kind, own, change } = partsOf(name);
    return kind !== 'bias' && own === undefined && change === undefined;
  };
  const whole = async (name: string, device: Device): Promise<Merged> => {
    const { module, kind, own, change } = partsOf(name);
    if (kind === 'bias') return bias(source, config, name, own?.read(), change);
    const base = own === undefined ? source.read(fromBase(name)) : undefined;
    const shape = own?.shape ?? (base as HostTensor).shape;
    const values = own?.read() ?? float32Of(base as HostTensor);
    const data = change === undefined ? values : await merged(device, values, change, module === TABLE);
    return { dtype: 'float32', shape, data };
  };
  let last: { name: string; tensor: Merged } | undefined;
  return {
    ...source,
    config,
    read: async (name, rows, device) => {
      if (untouched(name)) return source.read(fromBase(name), rows);
      if (rows === undefined) return whole(name, device);
      // A tensor is merged once, for all groups of its rows.
      if (last?.name !== name) last = { name, tensor: await whole(name, device) };
      const { tensor } = last;
      if (rows.to === tensor.shape[0]) last = undefined;
      const width = tensor.data.length / tensor.shape[0];
      const data = tensor.data.subarray(rows.from * width, rows.to * width);
      return { dtype: 'float32', shape: [rows.to - rows.from, ...tensor.shape.slice(1)], data };
    },
  };
}

function mergedConfig(base: ModelConfig, { path, whole, lowRank, unties }: AdapterParts): ModelConfig {
  const config = { ...base };
  if (unties) config.tieWordEmbeddings = false;
  for (const [module, { bias }] of lowRank) {
    if (bias === undefined || module === HEAD) continue;
    const at = LINEARS.indexOf(module.split('.').at(-1) as LinearName);
    if (at > 3) config.mlpBias = true;
    else if (at === 3) config.oBias = true;
    else config.qkvBias = true;
  }
  // One key of config.json is for all four, in families that have one: where the others lack a bias it is zero.
  if (familyOf(config)?.biases.includes('attention_bias') && (config.qkvBias || config.oBias))
    Object.assign(config, { qkvBias: true, oBias: true });
  const rows = [TABLE, HEAD].map((module) => whole.get(`${module}.weight`)?.shape[0] ?? base.vocabSize);
  config.vocabSize = rows[0];
  const differ = !config.tieWordEmbeddings && rows[0] !== rows[1];
  const problem = differ
    ? { expected: 'embed_tokens and lm_head of as many rows', received: rows.join(' and ') }
    : configProblem(config);
  if (problem !== undefined) throw new FileFormatError({ path, ...problem });
  return config;
}

/** W + alpha / r B A; for DoRA its rows, of a table its columns, have the trained lengths. */
async function merged(
  device: Device,
  values: Float32Array,
  { a, b, r, alpha, magnitude }: LowRank,
  byColumn: boolean,
): Promise<Float32Array> {
  const [, columns] = a.shape;
  const [rows] = b.shape;
  const delta = await product(device, b.read(), a.read(), [rows, r, columns]);
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] + (alpha / r) * delta[i];
  if (magnitude === undefined) return out;
  const lengths = magnitude.read();
  const squares = new Float64Array(lengths.length);
  const vector = byColumn ? (i: number) => i % columns : (i: number) => Math.floor(i / columns);
  for (let i = 0; i < out.length; i++) squares[vector(i)] += out[i] * out[i];
  for (let i = 0; i < out.length; i++) out[i] *= lengths[vector(i)] / Math.sqrt(squares[vector(i)]);
  return out;
}

/** B A of B [rows, r] and A [r, columns]. */
async function product(
  device: Device,
  b: Float32Array,
  a: Float32Array,
  [rows, r, columns]: [number, number, number],
): Promise<Float32Array> {
  const right = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) right[(i % columns) * r + Math.floor(i / columns)] = a[i];
  const packed = tidy(() => Weight.pack(Tensor.from(device, right, [columns, r]), 'float32'));
  const y = owned(() => tidy(() => linear(Tensor.from(device, b, [rows, r]), packed)));
  try {
    return (await y.read()) as Float32Array;
  } finally {
    y.dispose();
    packed.dispose();
  }
}

/** The base's or the adapter's own bias, or zeros, and what B's brings. */
function bias(
  source: ModelSource,
  config: ModelConfig,
  name: string,
  own: Float32Array | undefined,
  change: LowRank | undefined,
): Merged {
  const linearName = name.split('.').at(-2) as LinearName;
  const shape = [linearShape(config, linearName)[0]];
  const base = hasBias(source.config, linearName) ? float32Of(source.read(name)) : new Float32Array(shape[0]);
  const data = own ?? base;
  if (change?.bias === undefined) return { dtype: 'float32', shape, data };
  const added = change.bias.read();
  const scale = change.alpha / change.r;
  return { dtype: 'float32', shape, data: data.map((x, i) => x + scale * added[i]) };
}
