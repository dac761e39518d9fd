// A model folder of random bf16 weights, written as fast as the disk takes it: speed and memory do not depend on the values.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** config.json of Llama 3.2 1B: 1.24 billion parameters, 2.5 GB. */
export const ONE_BILLION = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  vocab_size: 128_256,
  max_position_embeddings: 131_072,
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
  tie_word_embeddings: true,
  bos_token_id: 128_000,
  eos_token_id: 128_001,
  torch_dtype: 'bfloat16',
};

/** Name and shape of every tensor of a Llama. */
function* tensors(config) {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocabulary, head_dim: dim } = config;
  const [queries, keys] = [dim * config.num_attention_heads, dim * config.num_key_value_heads];
  yield ['model.embed_tokens.weight', [vocabulary, hidden]];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const of = (name, shape) => [`model.layers.${i}.${name}.weight`, shape];
    yield of('input_layernorm', [hidden]);
    yield of('self_attn.q_proj', [queries, hidden]);
    yield of('self_attn.k_proj', [keys, hidden]);
    yield of('self_attn.v_proj', [keys, hidden]);
    yield of('self_attn.o_proj', [hidden, queries]);
    yield of('post_attention_layernorm', [hidden]);
    yield of('mlp.gate_proj', [inner, hidden]);
    yield of('mlp.up_proj', [inner, hidden]);
    yield of('mlp.down_proj', [hidden, inner]);
  }
  yield ['model.norm.weight', [hidden]];
  if (!config.tie_word_embeddings) yield ['lm_head.weight', [vocabulary, hidden]];
}

/** The bits of bf16 values from normal(0, 0.02), by Box and Muller. */
function normals(count) {
  const bits = new Uint16Array(new Float32Array(count).buffer.byteLength / 4);
  const value = new Float32Array(1);
  const word = new Uint32Array(value.buffer);
  let seed = 1;
  const uniform = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let i = 0; i < count; i++) {
    value[0] = 0.02 * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    bits[i] = word[0] >>> 16;
  }
  return bits;
}

/** Writes config.json and model.safetensors, and says how many bytes of weights there are. */
export function writeRandomFolder(folder, config) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const header = { __metadata__: { format: 'pt' } };
  let end = 0;
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  for (const [name, shape] of tensors(config))
    header[name] = { dtype: 'BF16', shape, data_offsets: [end, (end += 2 * size(shape))] };
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  start.writeBigUInt64LE(BigInt(start.length - 8));
  json.copy(start, 8);

  // One block of a prime number of values over and over, so that rows differ.
  const block = normals(1_048_573);
  const bytes = Buffer.from(block.buffer);
  const ones = new Uint16Array(config.hidden_size).fill(0x3f80);
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, start);
  let at = 0;
  for (const [, shape] of tensors(config)) {
    if (shape.length === 1) {
      writeSync(file, ones);
      continue;
    }
    for (let left = 2 * size(shape); left > 0;) {
      const n = Math.min(left, bytes.length - at);
      writeSync(file, bytes, at, n);
      left -= n;
      at = (at + n) % bytes.length;
    }
  }
  closeSync(file);
  return end;
}
