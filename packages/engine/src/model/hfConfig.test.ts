import { describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { configFromHf, configToHf } from './hfConfig.js';

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
};
const read = (change: Record<string, unknown>, generation?: unknown) =>
  configFromHf({ ...llama, ...change }, 'config.json', generation);

describe('configFromHf', () => {
  it('reads a Llama config', () => {
    expect(read({})).toEqual({
      family: 'llama',
      hiddenSize: 576,
      intermediateSize: 1536,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      vocabSize: 49152,
      rmsNormEps: 1e-5,
      ropeTheta: 100000,
      ropeScaling: undefined,
      maxPositions: 8192,
      tieWordEmbeddings: true,
      bosTokenId: 1,
      eosTokenIds: [2],
      padTokenId: undefined,
    });
  });

  it('reads rope_parameters of transformers 5 and the scalings of both forms', () => {
    const five = read({ rope_theta: undefined, rope_parameters: { rope_type: 'default', rope_theta: 5e5 } });
    expect(five.ropeTheta).toBe(5e5);
    expect(five.ropeScaling).toBeUndefined();
    expect(read({ rope_scaling: { type: 'linear', factor: 2 } }).ropeScaling).toEqual({
      type: 'linear',
      factor: 2,
    });
    const yarn = read({
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 2048 },
    });
    expect(yarn.ropeScaling).toEqual({
      type: 'yarn',
      factor: 4,
      originalMaxPositions: 2048,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 0.1 * Math.log(4) + 1,
      truncate: true,
    });
  });

  it('goes by model_type, however architectures is spelled', () => {
    const said = (change: Record<string, unknown>) => {
      const warnings: string[] = [];
      configFromHf({ ...llama, ...change }, 'config.json', undefined, (message) => warnings.push(message));
      return warnings;
    };
    for (const architectures of [['LLaMAForCausalLM'], null, ['LlamaModel'], undefined, []])
      expect(said({ architectures })).toEqual([]);
    expect(
      said({ model_type: undefined, architectures: ['MistralForCausalLM'], sliding_window: null }),
    ).toEqual([]);
    expect(said({ architectures: ['YiForCausalLM'] })).toEqual([
      'config.json: read as llama, its model_type, as transformers does; architectures has YiForCausalLM',
    ]);
  });

  it('takes what is absent for the default of its family', () => {
    const absent = { num_key_value_heads: undefined, max_position_embeddings: undefined };
    expect(read(absent)).toMatchObject({ kvHeads: 9, maxPositions: 2048 });
    expect(
      read({ ...absent, model_type: 'mistral', num_attention_heads: 32, head_dim: 18, sliding_window: null }),
    ).toMatchObject({ kvHeads: 8, maxPositions: 131072 });
    const wide = { model_type: 'mistral', sliding_window: 8192, attention_bias: true, mlp_bias: true };
    expect(read(wide)).toMatchObject({ maxPositions: 8192 });
    for (const key of ['qkvBias', 'oBias', 'mlpBias', 'layerTypes'])
      expect(read(wide)).not.toHaveProperty(key);
    expect(read({ hidden_act: 'swish' }).hiddenSize).toBe(576);
  });

  it('takes -1 and a pad token past the table for none', () => {
    const warnings: string[] = [];
    const config = configFromHf(
      { ...llama, pad_token_id: 49152, bos_token_id: -1, eos_token_id: [-1, 2] },
      'config.json',
      { eos_token_id: -1 },
      (message) => warnings.push(message),
    );
    expect(config).toMatchObject({ padTokenId: undefined, bosTokenId: undefined, eosTokenIds: [2] });
    expect(warnings).toEqual([
      'config.json: pad token 49152 is past the 49152 rows of the table, and taken as none',
    ]);
    expect(read({ pad_token_id: -1 }).padTokenId).toBeUndefined();
  });

  it('joins the end tokens of generation_config.json', () => {
    expect(read({ eos_token_id: [2, 3] }, { eos_token_id: [3, 4] }).eosTokenIds).toEqual([2, 3, 4]);
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    [
      'another architecture',
      { model_type: 'qwen3_moe', architectures: ['Qwen3MoeForCausalLM'] },
      /of a family that is computed here \(model_type llama, .*received qwen3_moe, Qwen3MoeForCausalLM: a mixture/,
    ],
    ['no architecture', { architectures: undefined, model_type: 'gpt2' }, /received gpt2/],
    ['a window of no keys', { model_type: 'mistral', sliding_window: 0 }, /sliding_window .*received 0/],
    ['another activation', { hidden_act: 'gelu' }, /silu/],
    ['partial rotation', { partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    [
      'rope of each layer type',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      /rope_parameters of one kind for all layers, received one of its own for full_attention/,
    ],
    ['an unknown rope', { rope_scaling: { rope_type: 'yarn2' } }, /rope_type .*received yarn2/],
    ['rope without its factor', { rope_scaling: { rope_type: 'linear' } }, /rope_scaling.factor a number/],
    ['a missing size', { hidden_size: undefined }, /hidden_size a number, received undefined/],
    ['heads that do not divide', { num_key_value_heads: 2, head_dim: 64 }, /heads a multiple of kvHeads/],
    [
      'a fractional head',
      { num_attention_heads: 7, num_key_value_heads: 7 },
      /head_dim a positive whole number/,
    ],
    ['an odd head', { head_dim: 63 }, /even headDim/],
    ['an end token out of range', { eos_token_id: 50000 }, /token ids from 0 to 49151, received 50000/],
  ];
  for (const [name, change, message] of refused) {
    it(`refuses ${name}`, () => {
      expect(() => read(change)).toThrow(FileFormatError);
      expect(() => read(change)).toThrow(message);
    });
  }

  it('reads back what configToHf writes', () => {
    const scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    for (const change of [
      {},
      { rope_scaling: scaling, eos_token_id: [2, 7], pad_token_id: 2, attention_bias: true },
    ]) {
      const config = read(change);
      expect(configFromHf(configToHf(config, 'bf16'), 'config.json')).toEqual(config);
    }
  });
});
