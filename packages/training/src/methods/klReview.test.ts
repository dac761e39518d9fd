import { describe, expect, it } from 'vitest';
import { klReview } from './klReview.js';

const warnings = (kl: (step: number) => number, steps: number) => {
  const review = klReview(steps);
  return Array.from({ length: steps }, (_, i) =>
    review({ step: i + 1, epoch: 0, metrics: { 'sampling/kl': kl(i + 1) } }),
  ).flatMap((warning, i) => (warning === undefined ? [] : [{ step: i + 1, warning }]));
};

describe('klReview', () => {
  it('warns once after a fifth of the steps when the policy does not move', () => {
    const seen = warnings(() => 0.001, 100);
    expect(seen.map(({ step }) => step)).toEqual([20]);
    expect(seen[0].warning).toMatch(/0\.0010 nat.*learning_rate/);
  });
  it('does not take the start of a short run, where nothing has moved yet, for a policy that does not move', () => {
    expect(warnings((step) => (step - 1) / 10, 3)).toEqual([]);
  });
  it('is silent when it moves, however slowly it began', () => {
    expect(warnings((step) => step / 500, 100)).toEqual([]);
  });
});
