import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import { crossEntropy, dot, l1Logistic, sigmoid, type LogisticRow } from './l1Logistic.js';

/** What an annotator says of a model's answer against a baseline's. */
export interface Annotation {
  /** 1 for the baseline to 2 for the model, 1.5 or 0 for a tie; NaN for none. */
  preference: number;
}

/** AlpacaEval's figures, in percent as it prints them (alpaca_eval 0.6.6, `get_winrate`). */
export interface AlpacaEvalRates {
  /** Mean of preference - 1: version 2 has probabilities there, version 1 verdicts. */
  winRate: number;
  /** Of that mean. */
  standardError: number;
  /** (wins + ties / 2) / n, by the verdict that is likelier. */
  discreteWinRate: number;
  wins: number;
  losses: number;
  draws: number;
  /** Annotations with a preference. */
  n: number;
}

export function alpacaEvalRates(annotations: readonly Annotation[]): AlpacaEvalRates {
  const given = annotations.map(({ preference }) => (preference === 0 ? 1.5 : preference) - 1);
  const points = given.filter((one) => !Number.isNaN(one));
  const count = (of: (one: number) => boolean) => points.filter(of).length;
  const [wins, losses] = [count((one) => one > 0.5), count((one) => one < 0.5)];
  const draws = points.length - wins - losses;
  return {
    winRate: 100 * mean(points),
    standardError: 100 * standardError(points),
    discreteWinRate: (100 * (wins + draws / 2)) / points.length,
    wins,
    losses,
    draws,
    n: points.length,
  };
}

/** An annotation with what its length-controlled rate is a function of. */
export interface ControlledAnnotation extends Annotation {
  /** Of the baseline's answer and the model's, in characters. */
  lengths: readonly [baseline: number, model: number];
  /** Of the instruction, as the package's table has it. */
  difficulty: number;
}

/** An annotation of a baseline that was told to be short, or long: the package's table of gamed baselines. */
export interface GamedAnnotation extends Annotation {
  /** Of 0 to 1 here, as in the table. */
  preference: number;
  /** tanh of this is the feature: (length of the baseline - length of the model) in standard deviations. */
  deltaInDeviations: number;
  difficulty: number;
}

/** What both gamed baselines together weigh beside the model. */
const GAMED_WEIGHT = 0.2;
const FOLDS = 5;
const STRENGTHS = Array.from({ length: 10 }, (_, i) => 10 ** (-4 + (8 * i) / 9));

/**
 * AlpacaEval 2's length-controlled win rate (Dubois et al., arXiv 2404.04475; alpaca_eval 0.6.6, `length_controlled_v1`): a logistic
 * regression on tanh(length difference), the instruction's difficulty and the model's own advantage, with an L1 penalty whose strength
 * five folds choose; the rate is the mean prediction at equal lengths. Deterministic, and at the minimum: liblinear's is near it, and
 * rates agree within 0.05 points.
 *
 * @returns the rate and its standard error as the package prints it, both in percent.
 * @throws ArgumentError without two different length differences
 */
export function alpacaEvalLengthControlled(
  annotations: readonly ControlledAnnotation[],
  gamed: readonly GamedAnnotation[],
): { winRate: number; standardError: number } {
  const deltas = annotations.map(({ lengths: [baseline, model] }) => baseline - model);
  const middle = mean(deltas);
  const deviation = Math.sqrt(
    deltas.reduce((sum, delta) => sum + (delta - middle) ** 2, 0) / (deltas.length - 1),
  );
  if (!(deviation > 0))
    throw new ArgumentError('annotations', {
      where: 'alpacaEvalLengthControlled',
      expected: 'answers whose lengths differ from the baseline by unequal numbers of characters',
      received: `${annotations.length} annotations without`,
    });
  const rows: LogisticRow[] = [
    ...gamed.map(({ preference, deltaInDeviations, difficulty }) => ({
      x: [Math.tanh(deltaInDeviations), difficulty, 0],
      y: preference,
      weight: GAMED_WEIGHT / 2,
    })),
    ...annotations.map(({ preference, difficulty }, i) => ({
      x: [Math.tanh(deltas[i] / deviation), difficulty, 1],
      y: (preference === 0 ? 1.5 : preference) - 1,
      weight: 1,
    })),
  ].filter(({ y }) => !Number.isNaN(y));
  const weights = l1Logistic(rows, bestStrength(rows));
  const predicted = annotations.map(({ difficulty }) => sigmoid(dot([0, difficulty, 1], weights)));
  return { winRate: 100 * mean(predicted), standardError: 100 * standardError(predicted) };
}

/** The strength whose fits predict held-out folds best; of equals the stronger penalty. Folds as scikit-learn's GroupKFold deals rows. */
function bestStrength(rows: readonly LogisticRow[]): number {
  const foldOf = (i: number) => (rows.length - 1 - i) % FOLDS;
  const losses = STRENGTHS.map((strength) =>
    mean(
      Array.from({ length: FOLDS }, (_, fold) =>
        crossEntropy(
          rows.filter((__, i) => foldOf(i) === fold),
          l1Logistic(
            rows.filter((__, i) => foldOf(i) !== fold),
            strength,
          ),
        ),
      ),
    ),
  );
  return STRENGTHS[losses.indexOf(Math.min(...losses))];
}

function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
