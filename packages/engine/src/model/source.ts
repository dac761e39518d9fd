import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { hasTokenizer } from '@selfjudge/text/internal';
import { LINEARS, parameterSpecs, type ModelConfig } from './config.js';
import { readGguf, type GgufFile } from './files/gguf.js';
import { readJson } from '@selfjudge/base';
import { Safetensors, type HostTensor } from './files/safetensors.js';
import { configFromGguf } from './ggufConfig.js';
import { configFromHf } from './hfConfig.js';

/** Where a model's tensors come from, under transformers' names and in its order of rows. */
export interface ModelSource {
  /** Named in errors. */
  path: string;
  config: ModelConfig;
  /** How most of the weights are stored; quantised ones count as bf16. */
  dtype: 'float32' | 'bf16';
  read(name: string): HostTensor;
  tokenizer(): Promise<Tokenizer | undefined>;
}

/** A folder as transformers writes it: config.json, model.safetensors or its shards, tokenizer files. */
export function folderSource(folder: string): ModelSource {
  const path = join(folder, 'config.json');
  const generation = join(folder, 'generation_config.json');
  const config = configFromHf(
    readJson(path),
    path,
    existsSync(generation) ? readJson(generation) : undefined,
  );
  const weights = Safetensors.openIn(folder, 'model');
  const shapes = new Map([...weights.tensors].map(([name, { shape }]) => [name, shape]));
  checkShapes(weights.path, config, shapes, (name) => name.endsWith('.rotary_emb.inv_freq'));
  return {
    path: weights.path,
    config,
    dtype: weights.tensors.get('model.embed_tokens.weight')?.dtype === 'F32' ? 'float32' : 'bf16',
    read: (name) => weights.read(name),
    tokenizer: async () => (hasTokenizer(folder) ? await Tokenizer.load(folder) : undefined),
  };
}

const GGUF_LINEARS = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];

/** A GGUF file of a Llama model. Blocks are expanded to float32 when read. */
export function ggufSource(path: string): ModelSource {
  const file = readGguf(path);
  const config = configFromGguf(file);
  const names = new Map([...file.tensors.keys()].map((name) => [transformersName(name), name]));
  const shapes = new Map([...names].map(([name, own]) => [name, file.tensors.get(own)!.shape]));
  checkShapes(path, config, shapes, (name) => name === 'rope_freqs.weight');
  return {
    path,
    config,
    dtype: file.tensors.get('token_embd.weight')!.type === 'F32' ? 'float32' : 'bf16',
    read: (name) => readGgufTensor(file, config, name, names.get(name) as string),
    tokenizer: async () =>
      file.metadata.has('tokenizer.ggml.model') ? Tokenizer.fromGguf(file.metadata) : undefined,
  };
}

function readGgufTensor(file: GgufFile, config: ModelConfig, name: string, own: string): HostTensor {
  const { shape } = file.tensors.get(own)!;
  const data = file.read(own);
  const heads = name.includes('.q_proj.') ? config.heads : name.includes('.k_proj.') ? config.kvHeads : 0;
  const values = heads === 0 ? data : halfSplit(data, heads, shape[0] / heads);
  return { dtype: 'float32', shape, data: values };
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

const GGUF_WHOLE = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
]);

/** transformers' name of a tensor of llama.cpp's; a name that has none is returned as it is. */
function transformersName(name: string): string {
  const whole = GGUF_WHOLE.get(name);
  if (whole !== undefined) return whole;
  const [, layer, stem, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined) return name;
  const prefix = `model.layers.${layer}`;
  if (stem === 'attn_norm') return `${prefix}.input_layernorm.${kind}`;
  if (stem === 'ffn_norm') return `${prefix}.post_attention_layernorm.${kind}`;
  const linear = GGUF_LINEARS.indexOf(stem);
  if (linear < 0) return name;
  return `${prefix}.${linear < 4 ? 'self_attn' : 'mlp'}.${LINEARS[linear]}.${kind}`;
}

/**
 * Every tensor of the config must be there in its shape, and nothing else but what `ignored` knows to be without
 * effect: a tensor we would not use means that the model computes something we do not.
 */
function checkShapes(
  path: string,
  config: ModelConfig,
  shapes: ReadonlyMap<string, number[]>,
  ignored: (name: string) => boolean,
): void {
  const expected = new Set<string>();
  for (const { name, shape } of parameterSpecs(config)) {
    expected.add(name);
    const got = shapes.get(name);
    if (got === undefined || got.length !== shape.length || got.some((n, i) => n !== shape[i])) {
      throw new FileFormatError({
        path,
        expected: `tensor '${name}' of shape [${shape.join(', ')}], by the config`,
        received: got === undefined ? 'no such tensor' : `shape [${got.join(', ')}]`,
      });
    }
  }
  for (const name of shapes.keys()) {
    // A tied model may carry a second copy of its table.
    const copy = name === 'lm_head.weight' && config.tieWordEmbeddings;
    if (!expected.has(name) && !copy && !ignored(name)) {
      throw new FileFormatError({
        path,
        expected: 'the tensors of a Llama model only',
        received: `'${name}'`,
      });
    }
  }
}
