import { describe, expect, it } from 'vitest';
import { PairReview } from './pairReview.js';
import { selfTrainingDefaults } from './defaults.js';

const row = (step: number, [pair, equal, cut]: number[], more: Record<string, number> = {}) => ({
  step,
  epoch: 0,
  metrics: {
    'judge/pair_rate': pair,
    'completions/equal_ratio': equal,
    'completions/cut_ratio': cut,
    'judge/tie_rate': NaN,
    'judge/invalid_rate': NaN,
    ...more,
  },
});
const review = () => new PairReview({ ...selfTrainingDefaults, maxNewTokens: 16 });

describe('steps without a pair', () => {
  it('are told once, with cause and ways out, and are an error when there is nothing else', () => {
    const pairs = review();
    expect(pairs.review(row(1, [0, 0.25, 0.75]))).toBe(
      'step 1 had no pair to learn from: 75% of the pairs of answers were cut at 16 tokens before their end, 25% of the ' +
        'pairs of answers were equal; raise max_new_tokens, or keep cut answers (missing_eos keep)',
    );
    expect(pairs.review(row(2, [0, 1, 0]))).toBeUndefined();
    expect(() => pairs.conclude()).toThrow(
      /at least one step, received none: 100% of .* were equal; raise temperature/,
    );
    expect(pairs.review(row(3, [0.5, 0.5, 0]))).toBeUndefined();
    expect(() => pairs.conclude()).not.toThrow();
  });

  it('name the judge where it decides nothing', () => {
    const undecided = { 'judge/tie_rate': 0.2, 'judge/invalid_rate': 0.8 };
    expect(review().review(row(1, [0, 0, 0.5], undecided))).toMatch(
      /50% .* cut .*40% .* without a verdict, 10% .* tied by the judge; raise max_new_tokens/,
    );
    expect(review().review(row(1, [0, 0, 0], undecided))).toMatch(/80% .*; teach the judge by jsft/);
  });

  it('are those without a ranking, where all pairs of a prompt make one', () => {
    const circle = { 'judge/ranked_rate': 0 };
    expect(review().review(row(1, [1, 0, 0], circle))).toMatch(/100% .* were decided, but in a circle/);
    expect(review().review(row(1, [1, 0, 0], { 'judge/ranked_rate': 0.5 }))).toBeUndefined();
  });

  it('are none where nothing was sampled', () => {
    expect(() => review().conclude()).not.toThrow();
  });
});

it('warns once of a judge that hardly says either verdict', () => {
  const pairs = review();
  expect(pairs.review(row(1, [1, 0, 0], { 'judge/ab_mass': 0.5 }))).toBeUndefined();
  expect(pairs.review(row(2, [1, 0, 0], { 'judge/ab_mass': 0.0123 }))).toMatch(
    /probability of 0.012 on its two/,
  );
  expect(pairs.review(row(3, [1, 0, 0], { 'judge/ab_mass': 0.01 }))).toBeUndefined();
});
