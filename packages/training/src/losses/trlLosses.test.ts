// Values and gradients of TRL's own trainers (benchmarks/peers/preference_losses.py), float64 on both sides.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultsOf } from '@selfjudge/base/fields';
import { preferenceFields, type PreferenceOptions } from '../options/preference.js';
import { LOSS_TYPES, type LossType } from '../options/lossNames.js';
import { ktoDivergence, ktoLoss } from './ktoLoss.js';
import { preferenceLoss, type ScoredPair } from './preferenceLoss.js';

interface Side {
  tokens: number[];
  reference: number;
}
interface Case {
  of: 'ordinary' | 'extreme';
  loss_type: LossType | LossType[];
  loss_weights?: number[];
  beta: number;
  label_smoothing?: number;
  discopop_tau?: number;
  simpo_gamma?: number;
  cpo_alpha?: number;
  /** null where TRL's is not finite. */
  loss: number | null;
  chosen: number[];
  rejected: number[];
}
interface LabelledCase {
  of: string;
  rows: (Side & { label: boolean; other: Side })[];
  cases: {
    beta: number;
    desirable_weight: number;
    undesirable_weight: number;
    loss: number;
    slopes: number[];
    metrics: Record<string, number>;
  }[];
}
interface Fixture {
  unpaired: LabelledCase[];
  pairs: Record<'ordinary' | 'extreme', { chosen: Side; rejected: Side }[]>;
  cases: Case[];
}

const path = new URL('../../../../benchmarks/peers/fixtures/preference_losses.json', import.meta.url);
const { pairs, cases, unpaired } = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
const defaults = defaultsOf(preferenceFields);

const scored = ({ tokens, reference }: Side) => ({
  logp: tokens.reduce((sum, x) => sum + x, 0),
  reference,
  length: tokens.length,
});
const steps = {
  ordinary: pairs.ordinary.map(({ chosen, rejected }) => ({
    chosen: scored(chosen),
    rejected: scored(rejected),
  })),
  extreme: pairs.extreme.map(({ chosen, rejected }) => ({
    chosen: scored(chosen),
    rejected: scored(rejected),
  })),
};

/** The options under our names. TRL's ipo is over means, and its sigmoid and sigmoid_norm do not read label smoothing. */
function optionsOf(one: Case): PreferenceOptions {
  const type = one.loss_type;
  return {
    ...defaults,
    lossType: type,
    lossWeights: one.loss_weights ?? [],
    beta: one.beta,
    labelSmoothing: type === 'sigmoid' ? 0 : (one.label_smoothing ?? 0),
    logpReduction: type === 'ipo' ? 'mean' : 'sum',
    discopopTau: one.discopop_tau ?? defaults.discopopTau,
    simpoGamma: one.simpo_gamma ?? defaults.simpoGamma,
    cpoAlpha: one.cpo_alpha ?? defaults.cpoAlpha,
  };
}

/** What a step says in the fixture's shape: d loss / d (log-probability of each token). */
function ours(step: readonly ScoredPair[], options: PreferenceOptions) {
  const parts = preferenceLoss(step, options);
  const n = step.length;
  return {
    loss: parts.reduce((sum, { value }) => sum + value, 0) / n,
    chosen: parts.map(({ dChosen }) => dChosen / n),
    rejected: parts.map(({ dRejected }) => dRejected / n),
  };
}

/**
 * Largest |a - b| by the size of b; of slopes that vanish beside the step's largest, by 1e-9 of that: where sigmoids are flat
 * TRL's autograd has lost their digits, or all of them.
 */
function worst(a: readonly number[], b: readonly number[]): number {
  const least = Math.max(1e-30, 1e-9 * Math.max(...b.map(Math.abs)));
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(Math.abs(b[i]), least)));
}

describe("losses and gradients are TRL's within 1e-6", () => {
  it.each(LOSS_TYPES.filter((type) => type !== 'plackett_luce'))('%s', (type) => {
    const own = cases.filter(({ loss_type }) => loss_type === type);
    expect(own.length).toBeGreaterThan(1);
    for (const one of own) {
      const { loss, chosen, rejected } = ours(steps[one.of], optionsOf(one));
      const what = JSON.stringify({ ...one, chosen: undefined, rejected: undefined });
      if (one.loss === null) {
        expect([loss, ...chosen, ...rejected].every(Number.isFinite), what).toBe(true);
        continue;
      }
      expect(worst([loss], [one.loss]), what).toBeLessThan(1e-6);
      expect(
        worst([...chosen, ...rejected], [...one.chosen, ...one.rejected]),
        `${what} slopes`,
      ).toBeLessThan(1e-6);
    }
  });

  it('mixes with weights', () => {
    const mixes = cases.filter(({ loss_type }) => Array.isArray(loss_type));
    expect(mixes).toHaveLength(4);
    for (const one of mixes) {
      const { loss, chosen, rejected } = ours(steps[one.of], optionsOf(one));
      expect(worst([loss, ...chosen, ...rejected], [one.loss!, ...one.chosen, ...one.rejected])).toBeLessThan(
        1e-6,
      );
    }
  });

  it('and differ where it is said that they do: ipo on sums, smoothed sigmoid', () => {
    const [ipo] = cases.filter(({ loss_type }) => loss_type === 'ipo');
    const onSums = ours(steps[ipo.of], { ...optionsOf(ipo), logpReduction: 'sum' });
    expect(worst([onSums.loss], [ipo.loss!])).toBeGreaterThan(1e-2);
    const smoothed = cases.find(
      ({ loss_type, label_smoothing = 0 }) => loss_type === 'sigmoid' && label_smoothing > 0.1,
    )!;
    const cdpo = ours(steps[smoothed.of], { ...optionsOf(smoothed), labelSmoothing: 0.2 });
    expect(worst([cdpo.loss], [smoothed.loss!])).toBeGreaterThan(1e-2);
  });
});

describe("KTO is TRL's within 1e-6", () => {
  it.each(unpaired)('$of', ({ rows, cases: own }) => {
    const z = ktoDivergence(rows.map(({ other }) => scored(other)));
    const answers = rows.map(({ label, ...side }) => ({ ...scored(side), label }));
    for (const { beta, desirable_weight, undesirable_weight, loss, slopes, metrics } of own) {
      const options = { beta, desirableWeight: desirable_weight, undesirableWeight: undesirable_weight };
      const ours = ktoLoss(answers, z, options);
      const mean = ours.reduce((sum, { value }) => sum + value, 0) / rows.length;
      expect(worst([mean], [loss])).toBeLessThan(1e-6);
      expect(
        worst(
          ours.map(({ slope }) => slope / rows.length),
          slopes,
        ),
      ).toBeLessThan(1e-6);
      expect(z).toBeCloseTo(metrics.kl, 9);
    }
  });

  it('with a divergence above 0 and one that is cut at 0', () => {
    expect(new Set(unpaired.flatMap(({ cases: own }) => own.map(({ metrics }) => metrics.kl > 0)))).toEqual(
      new Set([true, false]),
    );
  });
});
