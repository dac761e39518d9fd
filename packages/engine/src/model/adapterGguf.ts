import { dequantize, quantize } from '@selfjudge/native';

import { ArgumentError, FileFormatError } from '@selfjudge/base';
import type { AdapterParts, LowRank, PartTensor } from './adapterParts.js';
import type { ModelConfig } from './config.js';
import { familyOf } from './families/index.js';
import { readGguf } from './files/gguf.js';
import type { GgufEntry } from './files/ggufValues.js';
import { writeGguf, type GgufTensorToWrite } from './files/writeGguf.js';
import { ggufShape } from './ggufMetadata.js';
import { ggufName, transformersName } from './ggufNames.js';
import { halfSplit } from './ggufSource.js';
import { interleaved } from './writeModelGguf.js';
import { WrittenTensors } from './storedTensors.js';

const where = 'writeAdapterGguf';
const ALPHA = 'adapter.lora.alpha';

export interface WriteAdapterOptions {
  type: 'F32' | 'F16';
  /** Keys beside those of the adapter. */
  metadata: readonly GgufEntry[];
}

/**
 * Writes an adapter as llama.cpp puts it on a GGUF file of its base: `NAME.lora_a` [r, in] and `NAME.lora_b` [out, r] for
 * each adapted matrix, whose product is scaled by adapter.lora.alpha / r. A module with an alpha of its own has the
 * difference in its B.
 *
 * @param config of the base
 * @returns the fingerprint of what `readAdapterGguf` gives, and the modules whose B was changed
 * @throws ArgumentError for an adapter that is more than low-rank matrices, or of a base that has no GGUF form
 */
export async function writeAdapterGguf(
  path: string,
  config: ModelConfig,
  parts: AdapterParts,
  { type, metadata }: WriteAdapterOptions,
): Promise<{ fingerprint: string; folded: string[] }> {
  const { architecture } = ggufShape(config);
  const more = [...parts.beyond, ...(parts.score === undefined ? [] : ['a head for rewards'])];
  if (more.length > 0)
    throw new ArgumentError('adapter', {
      where,
      expected:
        'low-rank matrices on linear layers alone, as GGUF has them (merge the adapter into its model instead)',
      received: more.join(', '),
    });
  if (familyOf(config)?.fused === true)
    throw new ArgumentError('adapter', {
      where,
      expected:
        'an adapter on matrices that a GGUF file has each for itself (merge this one into its model instead)',
      received: `one on parts of the fused matrices of ${familyOf(config)?.title}`,
    });
  const alpha = mostCommon([...parts.lowRank.values()].map((one) => one.alpha));
  const written = new WrittenTensors(path);
  const tensors: GgufTensorToWrite[] = [];
  for (const [module, { a, b, alpha: own }] of parts.lowRank) {
    const name = ggufName(`${module}.weight`, config);
    if (name === undefined)
      throw new ArgumentError('adapter', {
        where,
        expected: 'modules that llama.cpp has a name for',
        received: module,
      });
    const add = (
      end: 'a' | 'b',
      { shape, read }: PartTensor,
      inFile: (values: Float32Array) => Float32Array,
    ) =>
      tensors.push({
        name: `${name}.lora_${end}`,
        type,
        shape,
        values: () => {
          const values = read();
          written.note(`${module}.${end}`, {
            dtype: 'float32',
            shape,
            data: rounded(values, type, path, a.name),
          });
          return inFile(values);
        },
      });
    add('a', a, (values) => values);
    const factor = own / alpha;
    const scaled: PartTensor = factor === 1 ? b : { ...b, read: () => b.read().map((x) => x * factor) };
    add('b', scaled, (values) => interleaved(values, `${module}.weight`, config, b.shape[1]));
  }
  const text = (key: string, value: string): GgufEntry => ({ key, type: 'string', value });
  await writeGguf(
    path,
    [
      text('general.architecture', architecture),
      text('general.type', 'adapter'),
      text('adapter.type', 'lora'),
      { key: ALPHA, type: 'f32', value: alpha },
      ...metadata,
    ],
    tensors,
  );
  return {
    fingerprint: written.digest(namesOf(parts.lowRank)),
    folded: [...parts.lowRank].flatMap(([module, one]) => (one.alpha === alpha ? [] : [module])),
  };
}

/** Bytes of an adapter's tensors. */
export function adapterGgufBytes({ lowRank }: AdapterParts, type: 'F32' | 'F16'): number {
  const size = ({ shape }: PartTensor) => shape[0] * shape[1];
  const values = [...lowRank.values()].reduce((sum, { a, b }) => sum + size(a) + size(b), 0);
  return values * (type === 'F32' ? 4 : 2);
}

/**
 * The adapter that a GGUF file holds for a model.
 * @throws FileFormatError for a file that is none, or one of another model
 */
export function readAdapterGguf(path: string, config: ModelConfig): AdapterParts & { fingerprint: string } {
  const file = readGguf(path);
  const alpha = file.metadata.get(ALPHA);
  const kind = file.metadata.get('general.type');
  if (kind !== 'adapter' || typeof alpha !== 'number')
    throw new FileFormatError({
      path,
      expected: `general.type adapter and ${ALPHA}`,
      received: `${String(kind)}, ${String(alpha)}`,
    });
  const lowRank = new Map<string, LowRank>();
  const tensorOf = (name: string): PartTensor => {
    const tensor = file.tensors.get(name);
    if (tensor !== undefined) return { name, shape: tensor.shape, read: () => file.read(name) };
    throw new FileFormatError({ path, expected: `'${name}'`, received: 'no such tensor' });
  };
  for (const name of file.tensors.keys()) {
    const [, stem] = /^(.+\.weight)\.lora_a$/.exec(name) ?? [];
    if (stem === undefined) continue;
    const module = transformersName(stem, config).replace(/\.weight$/, '');
    const [a, b] = [tensorOf(`${stem}.lora_a`), tensorOf(`${stem}.lora_b`)];
    const read = () => uninterleaved(b.read(), module, config);
    lowRank.set(module, { a, b: { ...b, read }, r: a.shape[0], alpha });
  }
  const written = new WrittenTensors(path);
  for (const [module, { a, b }] of lowRank) {
    written.note(`${module}.a`, { dtype: 'float32', shape: a.shape, data: a.read() });
    written.note(`${module}.b`, { dtype: 'float32', shape: b.shape, data: b.read() });
  }
  const ranks = [...lowRank.values()].map(({ r }) => r);
  return {
    path,
    r: mostCommon(ranks),
    alpha,
    dropout: 0,
    lowRank,
    whole: new Map(),
    unties: false,
    beyond: [],
    fingerprint: written.digest(namesOf(lowRank)),
  };
}

const namesOf = (lowRank: ReadonlyMap<string, LowRank>): string[] =>
  [...lowRank.keys()].sort().flatMap((module) => [`${module}.a`, `${module}.b`]);

function uninterleaved(values: Float32Array, module: string, config: ModelConfig): Float32Array {
  const heads = module.endsWith('.q_proj') ? config.heads : module.endsWith('.k_proj') ? config.kvHeads : 0;
  return familyOf(config)?.gguf?.permuted === true && heads > 0
    ? halfSplit(values, heads, config.headDim)
    : values;
}

/** Values as they are read back. @throws FileFormatError for one that F16 has no number for */
function rounded(values: Float32Array, type: 'F32' | 'F16', path: string, name: string): Float32Array {
  if (type === 'F32') return values;
  const { data, unfit } = quantize(type, values);
  if (unfit < 0) return dequantize(type, data, values.length);
  throw new FileFormatError({
    path,
    expected: `finite values in '${name}' that F16 has numbers for`,
    received: `${values[unfit]} at ${unfit}`,
  });
}

/** The first of the most frequent numbers. */
function mostCommon(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}
