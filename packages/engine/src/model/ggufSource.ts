import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { checkTensors, named, type Warn } from './checkTensors.js';
import { LINEARS, parameterSpecs, type ModelConfig } from './config.js';
import type { GgufFile } from './files/gguf.js';
import { readSplitGguf } from './files/ggufSplit.js';
import { assertReadable } from './files/ggufTypes.js';
import type { HostTensor } from './files/safetensors.js';
import { configFromGguf } from './ggufConfig.js';
import type { ModelSource } from './source.js';

const GGUF_LINEARS = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];

/** A GGUF file of a Llama model, or all shards of one. Blocks are expanded to float32 when read. */
export function ggufSource(path: string, warn: Warn = () => {}): ModelSource {
  const file = readSplitGguf(path);
  const config = configFromGguf(file, warn);
  const names = new Map([...file.tensors.keys()].map((name) => [transformersName(name), name]));
  const shapes = new Map([...names].map(([name, own]) => [name, file.tensors.get(own)!.shape]));
  const surplus = checkTensors(path, config, shapes).filter((name) => name !== 'rope_freqs.weight');
  // llama.cpp refuses them too: by the format a model uses all that its file holds.
  if (surplus.length > 0)
    throw new FileFormatError({
      path,
      expected: 'the tensors of a Llama model only',
      received: named(surplus, 'tensor'),
    });
  for (const { name } of parameterSpecs(config)) {
    const own = names.get(name) as string;
    assertReadable(file.tensors.get(own)!, own);
  }
  return {
    path,
    config,
    dtype: file.tensors.get('token_embd.weight')!.type === 'F32' ? 'float32' : 'bf16',
    read: (name) => readGgufTensor(file, config, name, names.get(name) as string),
    tokenizer: async () =>
      file.metadata.has('tokenizer.ggml.model')
        ? Tokenizer.fromGguf(withoutPadding(file.metadata))
        : undefined,
  };
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
