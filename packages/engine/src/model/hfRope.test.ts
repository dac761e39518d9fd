import { describe, expect, it } from 'vitest';
import type { Family } from './families/index.js';
import { gemma3 } from './families/gemma3.js';
import { llama } from './families/llama.js';
import { ropeFromHf, ropeToHf } from './hfRope.js';
import { HfValues } from './hfValues.js';

function read(config: Record<string, unknown>, family: Family = llama) {
  const warnings: string[] = [];
  const values = new HfValues(config, 'config.json', (message) => warnings.push(message));
  const rope = ropeFromHf(values, { headDim: 8, maxPositions: 4096 }, family);
  return { ...rope, warnings };
}

// What transformers 5.24 does with the same keys (modeling_rope_utils.py).
describe('ropeFromHf', () => {
  it("is 'default' without a type, and says what that leaves out", () => {
    for (const rope of [{ factor: 4 }, { rope_type: null, factor: 4 }]) {
      const { ropeScaling, warnings } = read({ rope_scaling: rope });
      expect(ropeScaling).toBeUndefined();
      expect(warnings).toEqual([
        "config.json: rope_scaling: factor without effect: without a rope_type it is 'default', as in transformers",
      ]);
    }
    expect(read({ rope_scaling: { type: 'default' }, rope_theta: 5e5 })).toEqual({
      ropeTheta: 5e5,
      maxPositions: 4096,
      warnings: [],
    });
  });

  it('takes rope_scaling before rope_parameters, unless there is nothing in it', () => {
    const rope_parameters = { rope_type: 'linear', factor: 2, rope_theta: 7 };
    const linear = { type: 'linear', factor: 2 };
    expect(read({ rope_parameters, rope_theta: 9 })).toMatchObject({ ropeTheta: 7, ropeScaling: linear });
    for (const rope_scaling of [null, {}])
      expect(read({ rope_scaling, rope_parameters })).toMatchObject({ ropeTheta: 7, ropeScaling: linear });
    const { ropeTheta, ropeScaling } = read({ rope_scaling: { type: 'linear', factor: 3 }, rope_parameters });
    expect({ ropeTheta, ropeScaling }).toEqual({
      ropeTheta: 10000,
      ropeScaling: { type: 'linear', factor: 3 },
    });
  });

  it('takes the original length from beside the dictionary, from in it, or from the context', () => {
    const llama3 = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const inside = { ...llama3, original_max_position_embeddings: 64 };
    const lengthOf = (config: Record<string, unknown>) => read(config).ropeScaling;
    expect(lengthOf({ rope_scaling: llama3 })).toMatchObject({ originalMaxPositions: 4096 });
    expect(lengthOf({ rope_scaling: inside })).toMatchObject({ originalMaxPositions: 64 });
    expect(lengthOf({ rope_scaling: inside, original_max_position_embeddings: 32 })).toMatchObject({
      originalMaxPositions: 32,
    });
  });

  it('names keys that the type does not read', () => {
    const yarn = {
      type: 'yarn',
      factor: 4,
      original_max_position_embeddings: 1024,
      finetuned: true,
      long_factor: 3,
    };
    expect(read({ rope_scaling: yarn }).warnings).toEqual([
      'config.json: rope_scaling: finetuned, long_factor without effect: a rope_type of yarn does not read them',
    ]);
    expect(read({ rope_scaling: { type: 'yarn', factor: 4, beta_fast: 0, beta_slow: null } })).toMatchObject({
      ropeScaling: { betaFast: 32, betaSlow: 1 },
      warnings: [],
    });
  });

  it('takes truncate: null for false, and passes over it in the dictionaries of layers', () => {
    const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 1024 };
    const truncateOf = (given: object) => read({ rope_scaling: { ...yarn, ...given } }).ropeScaling;
    expect(truncateOf({})).toMatchObject({ truncate: true });
    for (const truncate of [null, false]) expect(truncateOf({ truncate })).toMatchObject({ truncate: false });
    expect(() => truncateOf({ truncate: 0 })).toThrow(/rope_scaling.truncate true or false/);
    const layers = (given: object) => ({ rope_parameters: { full_attention: { ...yarn, ...given } } });
    const { ropeScaling, warnings } = read(layers({ truncate: false }), gemma3);
    expect(ropeScaling).toMatchObject({ truncate: true });
    expect(warnings).toEqual([
      'config.json: rope_parameters.full_attention: truncate without effect: a rope_type of yarn does not read them',
    ]);
    const { warnings: none, ...rope } = read(layers({}), gemma3);
    expect(none).toEqual([]);
    expect(read(ropeToHf(rope, gemma3), gemma3)).toEqual({ ...rope, warnings: [] });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a type that is not computed', { rope_scaling: { type: 'ntk', factor: 2 } }, /received ntk/],
    ['a type by a name of Object', { rope_scaling: { type: 'constructor' } }, /received constructor/],
    ['a list', { rope_scaling: [1] }, /rope_scaling an object/],
    ['partial rotation', { rope_parameters: { partial_rotary_factor: 0.5 } }, /partial_rotary_factor 1/],
    [
      'a factor that is no number',
      { rope_scaling: { type: 'linear', factor: '4' } },
      /rope_scaling.factor a number/,
    ],
  ])('refuses %s', (_, config, message) => {
    expect(() => read(config)).toThrow(message);
  });
});
