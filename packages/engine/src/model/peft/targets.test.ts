import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { peftConfig } from './peftConfig.js';
import { targetsOf, valueOf } from './targets.js';

// Matches that Python's re finds: benchmarks/peers/peft_adapters.py.
const { modules, patterns } = JSON.parse(
  readFileSync(
    new URL('../../../../../benchmarks/peers/fixtures/adapters/values.json', import.meta.url),
    'utf8',
  ),
) as { modules: string[]; patterns: Record<string, string[] | null> };
/** What we refuse though Python reads it. */
const NOT_HERE = ['(?x) lm_head', '(?>lm)_head', 'a++'];

const configWith = (change: object) =>
  peftConfig({ peft_type: 'LORA', r: 4, ...change }, 'adapter_config.json', () => {});
const matching = (change: object) => modules.filter(targetsOf(configWith(change)));

describe('targetsOf', () => {
  it.each(Object.entries(patterns))('matches %s as Python does', (pattern, want) => {
    const match = () => matching({ target_modules: pattern });
    if (want !== null && !NOT_HERE.includes(pattern)) expect(match()).toEqual(want);
    else
      expect(match).toThrow(
        /adapter_config.json: expected target_modules a regular expression of Python's re/,
      );
  });

  it('matches names from a dot on, and all linear layers but the head', () => {
    expect(matching({ target_modules: ['proj', 'self_attn.q_proj'] })).toEqual(
      modules.filter((module) => module.endsWith('q_proj')),
    );
    expect(matching({ target_modules: 'all-linear' })).toEqual(modules.slice(2));
    expect(matching({})).toEqual(modules.filter((module) => /[qv]_proj$/.test(module)));
  });

  it('leaves out what is excluded, saved whole or on other layers', () => {
    const all = { target_modules: ['q_proj', 'o_proj', 'lm_head'] };
    const of = (change: object) => matching({ ...all, ...change });
    expect(of({ exclude_modules: ['o_proj', 'lm_head'], layers_to_transform: [1, 12] })).toEqual([
      'model.layers.1.self_attn.q_proj',
      'model.layers.12.self_attn.q_proj',
    ]);
    expect(of({ exclude_modules: '.*layers.*', modules_to_save: ['embed_tokens'] })).toEqual(['lm_head']);
    expect(of({ modules_to_save: ['layers.1', 'lm_head'], exclude_modules: ['o_proj'] })).toEqual([
      'model.layers.0.self_attn.q_proj',
      'model.layers.12.self_attn.q_proj',
    ]);
    // A whole path in the list is on its layer, whatever layers_to_transform says.
    expect(of({ layers_to_transform: 0, layers_pattern: 'h' })).toEqual(['lm_head']);
    expect(of({ layers_to_transform: 0, layers_pattern: ['h', 'layers'] })).toHaveLength(3);
  });
});

describe('valueOf', () => {
  it('takes the first pattern that fits the end of a path', () => {
    const config = configWith({ rank_pattern: { 'layers.1.*q_proj': 9, q_proj: 2, 'self_attn.[kv]': 3 } });
    const rank = valueOf(config.ranks, config.r, config, 'rank_pattern');
    const of = (module: string) => rank(`model.layers.${module}`);
    expect(
      ['0.self_attn.q_proj', '1.self_attn.q_proj', '0.self_attn.k_proj', '0.mlp.xq_proj'].map(of),
    ).toEqual([2, 9, 4, 4]);
  });
});
