import { describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { adapterConfigFromPeft, adapterConfigToPeft } from './adapterConfig.js';

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

describe('adapterConfigFromPeft', () => {
  it('reads plain LoRA', () => {
    expect(adapterConfigFromPeft(peft, 'adapter_config.json')).toEqual({
      r: 8,
      alpha: 16,
      dropout: 0.05,
      targets: ['q_proj', 'v_proj'],
      base: '/models/base',
    });
  });

  it('reads back what adapterConfigToPeft writes', () => {
    const config = { r: 4, alpha: 8, dropout: 0, targetModules: ['up_proj'] };
    const { targets, base, ...rest } = adapterConfigFromPeft(adapterConfigToPeft(config, undefined), 'x');
    expect({ ...rest, targetModules: targets, base }).toEqual({ ...config, base: undefined });
  });

  const refused: [Record<string, unknown>, RegExp][] = [
    [{ peft_type: 'IA3' }, /peft_type "LORA" or null, received "IA3"/],
    [{ use_dora: true }, /use_dora false/],
    [{ use_rslora: true }, /use_rslora false/],
    [{ rank_pattern: { q_proj: 4 } }, /rank_pattern null/],
    [{ modules_to_save: ['lm_head'] }, /modules_to_save/],
    [{ bias: 'all' }, /bias "none"/],
    [{ init_lora_weights: 'pissa' }, /init_lora_weights/],
    [{ target_modules: ['lm_head'] }, /target_modules of .*received lm_head/],
    [{ r: 0 }, /r a positive whole number/],
    [{ lora_dropout: 1 }, /lora_dropout/],
  ];
  for (const [change, message] of refused) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      const read = () => adapterConfigFromPeft({ ...peft, ...change }, 'adapter_config.json');
      expect(read).toThrow(FileFormatError);
      expect(read).toThrow(message);
    });
  }
});
