import type { JudgeEvaluation } from '../inference/judgeEvaluation.js';
import { estimate, percent } from './judgePanel.js';

/** Kappa below which two agree little beyond chance, and from which on well (Landis and Koch, Biometrics 33, 1977). */
const FAIR = 0.2;

/** What labelled files say of a judge, in sentences; what nothing tells is not said. */
export function judgeReading({ trust }: JudgeEvaluation): string[] {
  return [right(trust), byLength(trust), byOrder(trust), believed(trust), withPeople(trust)].filter(
    (text) => text !== undefined,
  );
}

type Trust = JudgeEvaluation['trust'];

function right({ accuracy, alwaysLonger }: Trust): string | undefined {
  if (accuracy === undefined || accuracy.n === 0) return undefined;
  const said = `It names the better answer in ${estimate(accuracy)} of ${accuracy.n} pairs`;
  if (alwaysLonger === undefined) return `${said}.`;
  const rule = Math.max(alwaysLonger.value, 1 - alwaysLonger.value);
  const which = alwaysLonger.value >= 0.5 ? 'longer' : 'shorter';
  const than =
    accuracy.low > rule
      ? 'more than'
      : accuracy.high < rule
        ? 'less than'
        : 'no more than chance may give beside';
  return `${said}: ${than} the ${percent(rule)} of always naming the ${which} one.`;
}

function byLength({ length }: Trust): string | undefined {
  if (length === undefined || length.longerBetter.n === 0 || length.shorterBetter.n === 0) return undefined;
  const { longerBetter, shorterBetter, longerWins, longerLabelled } = length;
  const apart = longerBetter.low > shorterBetter.high || shorterBetter.low > longerBetter.high;
  const said = `It is right in ${percent(longerBetter.value)} where the better answer is the longer one and in ${percent(shorterBetter.value)} where it is the shorter`;
  return apart
    ? `${said}: it goes by length; the longer answer wins ${percent(longerWins.value)} of its verdicts and ${percent(longerLabelled.value)} of the labels.`
    : `${said}: no sign that it goes by length.`;
}

function byOrder({ swapFlips, firstRate }: Trust): string | undefined {
  if (swapFlips === undefined || firstRate === undefined) return undefined;
  const side = firstRate.low > 0.5 ? 'first' : firstRate.high < 0.5 ? 'second' : undefined;
  const leans = side === undefined ? 'it leans to neither place' : `it leans to the one shown ${side}`;
  return `When the answers change places ${percent(swapFlips.value)} of its verdicts turn with them: ${leans}.`;
}

function believed({ calibration }: Trust): string | undefined {
  if (calibration === undefined) return undefined;
  const { error, bins } = calibration;
  const sure = bins[bins.length - 1];
  return `Its confidence is off by ${percent(error)} on average; where it is ${percent(sure.confidence)} sure it is right in ${estimate(sure.accuracy)} of ${sure.answers} pairs.`;
}

function withPeople({ people }: Trust): string | undefined {
  if (people === undefined) return undefined;
  const range = (of: readonly { kappa: { value: number } }[]) => {
    const values = of.map(({ kappa }) => kappa.value).filter((value) => !Number.isNaN(value));
    return values.length === 0
      ? undefined
      : {
          text: `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`,
          most: Math.max(...values),
        };
  };
  const judge = range(people.judge);
  if (judge === undefined) return undefined;
  const each = range(people.each);
  const beside = each === undefined ? '' : `, people with each other ${each.text}`;
  const means = judge.most < FAIR ? ': it hardly agrees with them beyond chance' : '';
  return `Its agreement with each of the people has a kappa of ${judge.text}${beside}${means}.`;
}
