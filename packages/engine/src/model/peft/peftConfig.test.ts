import { describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { adapterConfigToPeft } from '../adapterConfig.js';
import { peftConfig } from './peftConfig.js';

const peft = {
  peft_type: 'LORA',
  r: 8,
  lora_alpha: 16,
  lora_dropout: 0.05,
  target_modules: ['q_proj', 'model.layers.0.self_attn.v_proj'],
  bias: 'none',
  use_dora: false,
  rank_pattern: {},
  modules_to_save: null,
  base_model_name_or_path: '/models/base',
};
const read = (json: Record<string, unknown>, warn: (message: string) => void = () => {}) =>
  peftConfig(json, 'adapter_config.json', warn);

describe('peftConfig', () => {
  it('reads what PEFT writes', () => {
    expect(read(peft)).toEqual({
      path: 'adapter_config.json',
      r: 8,
      alpha: 16,
      dropout: 0.05,
      base: '/models/base',
      targets: ['q_proj', 'model.layers.0.self_attn.v_proj'],
      excluded: [],
      layers: undefined,
      layersPattern: [],
      ranks: [],
      alphas: [],
      rslora: false,
      dora: false,
      loraBias: false,
      saved: [],
      keepsTied: false,
      classifies: false,
    });
  });

  it('reads back what adapterConfigToPeft writes', () => {
    const modules = [
      { layer: 1, name: 'q_proj' as const, r: 4, alpha: 8 },
      { layer: 2, name: 'up_proj' as const, r: 2, alpha: 3 },
    ];
    const config = { r: 4, alpha: 8, dropout: 0, targetModules: ['q_proj', 'up_proj'], modules };
    expect(read(adapterConfigToPeft(config, 'base'))).toMatchObject({
      r: 4,
      alpha: 8,
      base: 'base',
      targets: ['model.layers.1.self_attn.q_proj', 'model.layers.2.mlp.up_proj'],
      ranks: [['model.layers.2.mlp.up_proj', 2]],
      alphas: [['model.layers.2.mlp.up_proj', 3]],
    });
  });

  it('names keys that nobody knows, where they say something', () => {
    const said: string[] = [];
    read({ ...peft, use_novelty: true, novelty_config: null, other: {} }, (message) => said.push(message));
    expect(said).toEqual(['adapter_config.json: not known here and without effect: use_novelty']);
  });

  const refused: [Record<string, unknown>, RegExp][] = [
    [{ peft_type: 'IA3' }, /peft_type "LORA" or null, received "IA3"/],
    [{ peft_type: undefined }, /peft_type 'LORA', received undefined/],
    [{ bias: 'some' }, /bias none, all or lora_only, received some/],
    [{ init_lora_weights: 'pissa' }, /init_lora_weights/],
    [{ layer_replication: [[0, 2]] }, /layer_replication null/],
    [{ target_modules: 3 }, /target_modules a list of names or a regular expression, received 3/],
    [
      { target_modules: 'q', layers_to_transform: 1 },
      /no layers_to_transform and layers_pattern beside a pattern/,
    ],
    [{ layers_to_transform: ['1'] }, /layers_to_transform a number or a list of them/],
    [{ rank_pattern: { q_proj: 0 } }, /rank_pattern an object of numbers, received q_proj: 0/],
    [{ alpha_pattern: [1] }, /alpha_pattern an object of numbers/],
    [{ use_dora: 1 }, /use_dora true or false, received 1/],
    [{ r: 0 }, /r a positive whole number/],
    [{ lora_dropout: 1 }, /lora_dropout/],
  ];
  for (const [change, message] of refused) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      expect(() => read({ ...peft, ...change })).toThrow(FileFormatError);
      expect(() => read({ ...peft, ...change })).toThrow(message);
    });
  }
});
