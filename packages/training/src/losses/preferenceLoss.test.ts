import { describe, expect, it } from 'vitest';
import { defaultsOf } from '@selfjudge/base/fields';
import { preferenceFields, type PreferenceOptions } from '../options/preference.js';
import { LOSS_TYPES, type LossType } from '../options/lossNames.js';
import { LOSSES } from './lossTable.js';
import { preferenceLoss, totalsOf, type ScoredPair } from './preferenceLoss.js';

const defaults = defaultsOf(preferenceFields);
const optionsOf = (lossType: PreferenceOptions['lossType'], more: Partial<PreferenceOptions> = {}) => ({
  ...defaults,
  lossType,
  ...(lossType === 'exo_pair' && { labelSmoothing: 1e-3 }),
  ...more,
});
const pairOf = (c: number, r: number, [m, n] = [3, 5], [p, q] = [-20, -30]): ScoredPair => ({
  chosen: { logp: p + c, reference: p, length: m },
  rejected: { logp: q + r, reference: q, length: n },
});
/** A step of unequal lengths, no two differences alike. */
const step = [
  pairOf(0, 0),
  pairOf(1.75, -2, [1, 4], [-19, -30]),
  pairOf(-7, 4, [6, 2], [-31, -9]),
  pairOf(12, -16.5, [2, 9], [-50, -42]),
];
const mean = (pairs: readonly ScoredPair[], options: PreferenceOptions) =>
  preferenceLoss(pairs, options).reduce((sum, { value }) => sum + value, 0) / pairs.length;
const nudged = (i: number, side: 'chosen' | 'rejected', h: number) =>
  step.map((pair, at) =>
    at === i ? { ...pair, [side]: { ...pair[side], logp: pair[side].logp + h } } : pair,
  );
const readers = (option: string) =>
  LOSS_TYPES.filter((type) => LOSSES[type].reads.some((read) => read === option));

describe('preference losses', () => {
  it('sigmoid is log 2 to the bit where policy and reference agree', () => {
    for (const beta of [0.01, 0.1, 1])
      for (const type of ['sigmoid', 'aot', 'sigmoid_norm'] as const)
        expect(preferenceLoss([pairOf(0, 0)], optionsOf(type, { beta }))[0].value).toBe(Math.LN2);
  });

  it.each(LOSS_TYPES)('%s: derivatives agree with central differences, whatever it reads', (type) => {
    const h = 1e-5;
    for (const beta of [0.05, 0.1, 0.5])
      for (const labelSmoothing of LOSSES[type].reads.includes('labelSmoothing') ? [0.001, 0.1] : [0])
        for (const logpReduction of ['sum', 'mean'] as const) {
          const options = optionsOf(type, { beta, labelSmoothing, logpReduction });
          const parts = preferenceLoss(step, options);
          step.forEach((_, i) => {
            for (const side of ['chosen', 'rejected'] as const) {
              const slope =
                (mean(nudged(i, side, h), options) - mean(nudged(i, side, -h), options)) / (2 * h);
              const exact = (side === 'chosen' ? parts[i].dChosen : parts[i].dRejected) / step.length;
              expect(Math.abs(exact - slope), `${side} ${i}`).toBeLessThan(
                1e-6 * Math.max(1, Math.abs(slope)),
              );
            }
          });
        }
  });

  it.each(LOSS_TYPES)('%s: finite at differences of 5000 and log-probabilities of 0', (type) => {
    const far = [-5000, 0, 5000].flatMap((c) =>
      [-5000, 0, 5000].map((r) => pairOf(c, r, [1, 2], LOSSES[type].reference ? [-1, -1] : [-5000, -5000])),
    );
    const sure = [pairOf(0, -3, [4, 4], [0, 0]), pairOf(-3, 0, [4, 4], [0, 0])];
    for (const beta of [0.1, 1])
      for (const { value, dChosen, dRejected } of preferenceLoss(
        [...far, ...sure],
        optionsOf(type, { beta }),
      ))
        expect([value, dChosen, dRejected].every(Number.isFinite)).toBe(true);
  });

  it.each(LOSS_TYPES)('%s reads what its row says and nothing else', (type) => {
    const others: Partial<PreferenceOptions> = {
      beta: 0.3,
      labelSmoothing: 0.2,
      logpReduction: 'mean',
      discopopTau: 0.5,
      simpoGamma: 1,
      cpoAlpha: 0.5,
    };
    for (const [key, value] of Object.entries(others)) {
      const changed = mean(step, { ...optionsOf(type), [key]: value }) !== mean(step, optionsOf(type));
      expect(changed, key).toBe(readers(key).includes(type));
    }
  });

  it('pairs of a step may be told in parts, but of losses over the step', () => {
    const totals = totalsOf(step);
    for (const type of LOSS_TYPES) {
      const options = optionsOf(type);
      const parts = step.flatMap((pair) => preferenceLoss([pair], options, totals));
      const whole = preferenceLoss(step, options);
      if (LOSSES[type].step === undefined) expect(parts).toEqual(whole);
      else expect(parts).not.toEqual(whole);
    }
  });

  it('a mix is the weighted sum, and keeps each loss by itself', () => {
    const types: LossType[] = ['sigmoid', 'aot', 'sft'];
    const weights = [0.5, 2, 0.25];
    const parts = preferenceLoss(step, optionsOf(types, { lossWeights: weights }));
    const alone = types.map((type) => preferenceLoss(step, optionsOf(type)));
    parts.forEach(({ value, dChosen, terms }, i) => {
      const sum = (key: 'value' | 'dChosen') => alone.reduce((s, of, t) => s + weights[t] * of[i][key], 0);
      expect(value).toBeCloseTo(sum('value'), 12);
      expect(dChosen).toBeCloseTo(sum('dChosen'), 12);
      expect(terms).toEqual(alone.map((of) => of[i].value));
    });
  });

  it('sft is the mean over all chosen tokens of the step, not the mean of means', () => {
    const tokens = step.reduce((sum, { chosen }) => sum + chosen.length, 0);
    expect(mean(step, optionsOf('sft'))).toBeCloseTo(
      -step.reduce((sum, { chosen }) => sum + chosen.logp, 0) / tokens,
      12,
    );
  });

  it('ipo on sums and ipo on means are two losses; sigmoid on means is sigmoid_norm', () => {
    const [pair] = [pairOf(6, -4, [2, 4])];
    expect(mean([pair], optionsOf('ipo', { beta: 0.1 }))).toBeCloseTo((10 - 5) ** 2, 12);
    expect(mean([pair], optionsOf('ipo', { beta: 0.1, logpReduction: 'mean' }))).toBeCloseTo(
      (4 - 5) ** 2,
      12,
    );
    expect(preferenceLoss(step, optionsOf('sigmoid', { logpReduction: 'mean' }))).toEqual(
      preferenceLoss(step, optionsOf('sigmoid_norm')),
    );
  });

  it('equal answers have no gradient at all with losses of the difference', () => {
    for (const type of ['sigmoid', 'hinge', 'ipo', 'robust', 'exo_pair', 'discopop'] as const) {
      const [{ dChosen, dRejected }] = preferenceLoss([pairOf(-4, -4, [3, 3], [-9, -9])], optionsOf(type));
      expect(dChosen + dRejected).toBe(0);
    }
  });

  it('a loss with a reference asks for it, one without does not', () => {
    const alone = step.map(({ chosen, rejected }) => ({
      chosen: { ...chosen, reference: undefined },
      rejected: { ...rejected, reference: undefined },
    }));
    for (const type of LOSS_TYPES) {
      if (LOSSES[type].reference)
        expect(() => preferenceLoss(alone, optionsOf(type))).toThrow(
          /the reference, which the loss is about/,
        );
      else expect(preferenceLoss(alone, optionsOf(type))).toEqual(preferenceLoss(step, optionsOf(type)));
    }
  });
});
