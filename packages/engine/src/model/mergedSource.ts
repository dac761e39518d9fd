import { FileFormatError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { linear } from '../tensor/ops/linear.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Weight } from '../tensor/weight.js';
import type { AdapterParts, LowRank } from './adapterParts.js';
import { configProblem, hasBias, LINEARS, linearShape, type LinearName, type ModelConfig } from './config.js';
import type { RowRange } from './files/rows.js';
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
  const factors = lastFactors();
  /** Some rows of a tensor; all of one that was trained whole, or whose columns have lengths. */
  const mergedRows = async (name: string, rows: RowRange | undefined, device: Device): Promise<Merged> => {
    const { module, kind, own, change } = partsOf(name);
    if (kind === 'bias') return bias(source, config, name, own?.read(), change);
    const base = own === undefined ? source.read(fromBase(name), rows) : undefined;
    const shape = own?.shape ?? (base as HostTensor).shape;
    const values = own?.read() ?? float32Of(base as HostTensor);
    const data =
      change === undefined
        ? values
        : await merged(device, values, { change, factors: factors(module, change), rows }, module === TABLE);
    return { dtype: 'float32', shape, data };
  };
  let last: { name: string; tensor: Merged } | undefined;
  return {
    ...source,
    config,
    read: async (name, rows, device) => {
      if (untouched(name)) return source.read(fromBase(name), rows);
      const { module, kind, own, change } = partsOf(name);
      const asWhole =
        kind === 'bias' || own !== undefined || (module === TABLE && change?.magnitude !== undefined);
      if (rows === undefined || !asWhole) return mergedRows(name, rows, device);
      // Such a tensor is merged once, for all groups of its rows.
      if (last?.name !== name) last = { name, tensor: await mergedRows(name, undefined, device) };
      const { tensor } = last;
      if (rows.to === tensor.shape[0]) last = undefined;
      const width = tensor.data.length / tensor.shape[0];
      const data = tensor.data.subarray(rows.from * width, rows.to * width);
      return { dtype: 'float32', shape: [rows.to - rows.from, ...tensor.shape.slice(1)], data };
    },
  };
}

/** What W gets is B A: A^T [columns, r] and B [rows, r], of one module. */
interface Factors {
  right: Float32Array;
  b: Float32Array;
}

/** Factors of a module, read once for all groups of its rows. */
function lastFactors(): (module: string, change: LowRank) => Factors {
  let last: { module: string; factors: Factors } | undefined;
  return (module, { a, b, r }) => {
    if (last?.module !== module) {
      const [, columns] = a.shape;
      const values = a.read();
      const right = new Float32Array(values.length);
      for (let i = 0; i < values.length; i++) right[(i % columns) * r + Math.floor(i / columns)] = values[i];
      last = { module, factors: { right, b: b.read() } };
    }
    return last.factors;
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

/** Rows of W + alpha / r B A; for DoRA they, of a table its columns, have the trained lengths. */
async function merged(
  device: Device,
  values: Float32Array,
  { change, factors: { right, b }, rows }: { change: LowRank; factors: Factors; rows?: RowRange },
  byColumn: boolean,
): Promise<Float32Array> {
  const { r, alpha, magnitude } = change;
  const columns = right.length / r;
  const from = rows?.from ?? 0;
  const count = values.length / columns;
  const out = await product(device, b.subarray(from * r, (from + count) * r), right, [count, r, columns]);
  for (let i = 0; i < out.length; i++) out[i] = values[i] + (alpha / r) * out[i];
  if (magnitude === undefined) return out;
  const lengths = magnitude.read();
  const vector = byColumn ? (i: number) => i % columns : (i: number) => from + Math.floor(i / columns);
  const squares = new Float64Array(lengths.length);
  for (let i = 0; i < out.length; i++) squares[vector(i)] += out[i] * out[i];
  for (let i = 0; i < out.length; i++) out[i] *= lengths[vector(i)] / Math.sqrt(squares[vector(i)]);
  return out;
}

/** B A of B [rows, r] and A^T [columns, r]. */
async function product(
  device: Device,
  b: Float32Array,
  right: Float32Array,
  [rows, r, columns]: [number, number, number],
): Promise<Float32Array> {
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
