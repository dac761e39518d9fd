import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { checkTensors, named, type Warn } from './checkTensors.js';
import type { ModelConfig } from './config.js';
import { familyOf } from './families/index.js';
import { unfused } from './fusedRows.js';
import { isNorm, transformersName } from './ggufNames.js';
import type { GgufFile } from './files/gguf.js';
import { readSplitGguf } from './files/ggufSplit.js';
import { assertReadable } from './files/ggufTypes.js';
import type { RowRange } from './files/rows.js';
import type { HostTensor } from './files/safetensors.js';
import { configFromGguf } from './ggufConfig.js';
import type { ModelSource, StoredDtype } from './source.js';

/** Tensors that hold what the config says. */
const ROPE = ['rope_freqs.weight', 'rope_factors_short.weight', 'rope_factors_long.weight'];

/** A GGUF file of a model, or all shards of one. Blocks are expanded to float32 when read. */
export function ggufSource(path: string, warn: Warn = () => {}): ModelSource {
  const file = readSplitGguf(path);
  const config = configFromGguf(file, warn);
  const names = new Map([...file.tensors.keys()].map((name) => [transformersName(name, config), name]));
  const shapes = new Map([...names].map(([name, own]) => [name, file.tensors.get(own)!.shape]));
  const read = unfused(path, config, shapes, (name, rows) =>
    readTensor(file, config, name, names.get(name) ?? name, rows),
  );
  const surplus = checkTensors(path, config, shapes).filter((name) => !ROPE.includes(name));
  // llama.cpp refuses them too: by the format a model uses all that its file holds.
  if (surplus.length > 0)
    throw new FileFormatError({
      path,
      expected: `the tensors of a ${familyOf(config)?.title} model only`,
      received: named(
        surplus.map((name) => names.get(name) ?? name),
        'tensor',
      ),
    });
  for (const [own, tensor] of file.tensors) assertReadable(tensor, own);
  return {
    path,
    config,
    dtype: file.tensors.get('token_embd.weight')!.type === 'F32' ? 'float32' : 'bf16',
    ...storedAs(file),
    read,
    tokenizer: async () =>
      file.metadata.has('tokenizer.ggml.model')
        ? Tokenizer.fromGguf(withoutPadding(file.metadata))
        : undefined,
  };
}

const DTYPES: Readonly<Record<string, StoredDtype>> = { F32: 'float32', F16: 'float16', BF16: 'bf16' };

/** What most of the values in matrices are stored as. */
function storedAs({ tensors }: GgufFile): Pick<ModelSource, 'stored' | 'packed'> {
  const sizes = new Map<string, number>();
  for (const { type, shape } of tensors.values())
    if (shape.length === 2) sizes.set(type, (sizes.get(type) ?? 0) + shape[0] * shape[1]);
  const [type] = [...sizes].reduce((a, b) => (b[1] > a[1] ? b : a));
  return Object.hasOwn(DTYPES, type) ? { stored: DTYPES[type] } : { stored: 'bf16', packed: type };
}

/**
 * Metadata without the tokens that converters write for rows that only pad the table, `[PAD151669]` of type 5 (unused): a
 * tokenizer has none such, and they are not to be drawn.
 */
function withoutPadding(metadata: GgufFile['metadata']): GgufFile['metadata'] {
  const [tokens, types] = ['tokens', 'token_type'].map((key) => metadata.get(`tokenizer.ggml.${key}`));
  if (!Array.isArray(tokens) || !Array.isArray(types)) return metadata;
  let count = tokens.length;
  while (count > 0 && types[count - 1] === 5 && /^\[PAD\d+\]$/.test(String(tokens[count - 1]))) count--;
  const cut = new Map(metadata);
  for (const key of ['tokens', 'token_type', 'scores']) {
    const list = metadata.get(`tokenizer.ggml.${key}`);
    if (Array.isArray(list)) cut.set(`tokenizer.ggml.${key}`, list.slice(0, count));
  }
  return cut;
}

function readTensor(
  file: GgufFile,
  config: ModelConfig,
  name: string,
  own: string,
  rows?: RowRange,
): HostTensor {
  const whole = file.tensors.get(own)!.shape;
  const shape = rows === undefined ? whole : [rows.to - rows.from, ...whole.slice(1)];
  const permuted = familyOf(config)?.gguf?.permuted === true;
  const heads = name.includes('.q_proj.') ? config.heads : name.includes('.k_proj.') ? config.kvHeads : 0;
  if (permuted && heads > 0) {
    const { from, to } = rows ?? { from: 0, to: whole[0] };
    const dim = whole[0] / heads;
    const [first, last] = [Math.floor(from / dim), Math.ceil(to / dim)];
    const turned = halfSplit(
      file.read(own, { ...rows, from: first * dim, to: last * dim }),
      last - first,
      dim,
    );
    const width = turned.length / ((last - first) * dim);
    const start = (from - first * dim) * width;
    return { dtype: 'float32', shape, data: turned.subarray(start, start + (to - from) * width) };
  }
  const data = file.read(own, rows);
  // What a norm multiplies by: the offset is in it.
  const offset = config.normOffset ?? 0;
  if (offset !== 0 && isNorm(name)) return { dtype: 'float32', shape, data: data.map((x) => x - offset) };
  return { dtype: 'float32', shape, data };
}

/**
 * llama.cpp rotates neighbours (2i, 2i + 1) and stores the rows of q and k in that order; transformers, and our rope,
 * rotate (i, i + d/2). This undoes the reordering: per head, row 2i + j of the file is row j d/2 + i.
 */
export function halfSplit(rows: Float32Array, heads: number, headDim: number): Float32Array {
  const columns = rows.length / (heads * headDim);
  const out = new Float32Array(rows.length);
  for (let row = 0; row < heads * headDim; row++) {
    const within = row % headDim;
    const target = row - within + (within % 2) * (headDim / 2) + (within >> 1);
    out.set(rows.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return out;
}
