import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { calibrated, calibratedVerdict, logOdds, positionBias } from './calibrated.js';
import { verdictOf, voteOf, type Verdict } from './verdict.js';

/** A token judge's verdict of log-odds for the answer shown first, in both orders of each question. */
function said(...questions: [ab: number, ba: number][]): Verdict {
  const order = (odds: number) => ({
    rendered: '',
    pA: 0.8 / (1 + Math.exp(-odds)),
    pB: 0.8 / (1 + Math.exp(odds)),
  });
  const orders = questions.map(([ab, ba]) => [order(ab), order(ba)] as const);
  return verdictOf(
    [...orders[0]],
    orders.map(([ab, ba], i) => voteOf(`${i}`, ab, ba)),
  );
}

describe('log-odds of a verdict', () => {
  it('have no position bias, whatever it is', () => {
    const random = new Random(3);
    for (let i = 0; i < 200; i++) {
      const [taste, bias] = [random.normal() * 3, random.normal() * 5];
      const verdict = said([taste + bias, bias - taste]);
      expect(logOdds(verdict)).toBeCloseTo(taste, 8);
      expect(positionBias(verdict)).toBeCloseTo(bias, 8);
      // The other order of the same two answers is mirrored.
      expect(logOdds(said([bias - taste, taste + bias]))).toBeCloseTo(-taste, 8);
    }
  });

  it('are a mean over questions, and of other judges those of the probability', () => {
    expect(logOdds(said([2, -1], [0.5, 0]))).toBeCloseTo((1.5 + 0.25) / 2, 12);
    expect(logOdds({ winner: 'a', probability: 0.75, scoreA: 1, scoreB: 0 })).toBeCloseTo(Math.log(3), 12);
    expect(positionBias({ winner: 'a', probability: 0.75, scoreA: 1, scoreB: 0 })).toBeUndefined();
    // What a label in JSON says has no bounds of its own.
    expect(logOdds({ winner: 'b', probability: 0, scoreA: 0, scoreB: 1 })).toBe(-100);
    expect(logOdds({ winner: null, probability: NaN, scoreA: NaN, scoreB: NaN })).toBeNaN();
  });
});

describe('a calibrated judge', () => {
  it('keeps what is left out as the judge says it', async () => {
    const verdict = said([2, -1]);
    const judge = { compare: async () => [verdict] };
    const pairs = [{ prompt: 'q', a: 'x', b: 'y' }];
    expect(await calibrated(judge, {}).compare(pairs)).toEqual([verdict]);
    const [cooler] = await calibrated(judge, { temperature: 3 }).compare(pairs);
    expect(cooler).toEqual({
      ...verdict,
      winner: 'a',
      probability: 1 / (1 + Math.exp(-0.5)),
      isCalibrated: true,
    });
  });

  it('names the answer of the larger probability where position drowned the taste', () => {
    // Shown first, each is 0.999 or more; the mean of probabilities rounds the difference away from who has it.
    const verdict = said([9, 7.5], [-1, 0.99]);
    expect(verdict.probability).toBeLessThan(0.5);
    expect(calibratedVerdict(verdict, { temperature: 1 }, [9, 9])).toMatchObject({ winner: 'b' });
    const drowned = said([30, 9]);
    expect(drowned.probability - 0.5).toBeLessThan(1e-3);
    expect(calibratedVerdict(drowned, { temperature: 1 }, [9, 9]).probability).toBeGreaterThan(0.9999);
  });

  it('has ties up to a threshold, and no verdict below a mass', () => {
    const verdict = said([1, -1]);
    const distance = 1 / (1 + Math.exp(-1)) - 0.5;
    expect(calibratedVerdict(verdict, { temperature: 1, tieThreshold: distance }, [9, 9])).toMatchObject({
      winner: 'tie',
    });
    expect(
      calibratedVerdict(verdict, { temperature: 1, tieThreshold: distance - 1e-9 }, [9, 9]),
    ).toMatchObject({
      winner: 'a',
    });
    expect(calibratedVerdict(verdict, { tieThreshold: 0.49 }, [9, 9])).toEqual({ ...verdict, winner: 'tie' });
    expect(calibratedVerdict(verdict, { leastMass: 0.79 }, [9, 9])).toEqual(verdict);
    expect(calibratedVerdict(verdict, { leastMass: 0.81 }, [9, 9])).toMatchObject({
      winner: null,
      reason: 'low-mass',
    });
    const none = { ...verdict, winner: null };
    expect(calibratedVerdict(none, { temperature: 2, tieThreshold: 0.4 }, [9, 9])).toBe(none);
  });

  it('judges as at equal lengths, in both orders of the answers', async () => {
    const [long, short] = ['x'.repeat(59), 'x'.repeat(19)];
    const judge = { compare: async () => [said([0.5, -0.5]), said([-0.5, 0.5])] };
    const pairs = [
      { prompt: 'q', a: long, b: short },
      { prompt: 'q', a: short, b: long },
    ];
    // The longer one is favoured by 0.5; by its length alone it would be by ln 3.
    const verdicts = await calibrated(judge, { lengthCoefficient: 1, temperature: 2 }).compare(pairs);
    const p = 1 / (1 + Math.exp((Math.log(3) - 0.5) / 2));
    expect(verdicts.map(({ winner }) => winner)).toEqual(['b', 'a']);
    expect(verdicts[0].probability).toBeCloseTo(p, 12);
    expect(verdicts[1].probability).toBeCloseTo(1 - p, 12);
    const [plain] = await calibrated(judge, { lengthCoefficient: 0 }).compare(pairs);
    expect(plain.probability).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 12);
    const [none] = await calibrated(
      { compare: async () => [said([0.5, -0.5])] },
      { lengthCoefficient: 1 },
    ).compare([{ prompt: 'q', a: '', b: '' }]);
    expect(none.winner).toBe('a');
  });
});
