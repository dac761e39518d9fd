import type { Estimate, JudgeAgreement } from '@selfjudge/evaluation';
import type { Evaluation, RateOnSamples } from '../inference/evaluationPhases.js';
import { interval, table } from './table.js';

const NUMBERS = ['', 'value [95%]', 'n'];
const row = (name: string, estimate: Estimate) => [name, interval(estimate), String(estimate.n)];

/** The evaluation as a person reads it. */
export function describeEvaluation({
  judge,
  baselineJudge,
  outsideJudge,
  winRate,
  implicitReward,
  unfinished = [],
}: Evaluation): string {
  const parts =
    baselineJudge === undefined
      ? [agreement('Agreement with people', judge)]
      : [
          agreement(
            'The baseline as judge, of self-training the static one: agreement with people',
            baselineJudge,
          ),
          agreement('The model itself as judge: agreement with people', judge),
        ];
  if (outsideJudge !== undefined) parts.push(agreement('Outside judge: agreement with people', outsideJudge));
  if (winRate?.outsideJudge !== undefined)
    parts.push(wins('Win rate against the baseline, outside judge', winRate.outsideJudge));
  if (winRate !== undefined)
    parts.push(
      wins(
        'Win rate against the baseline, training judge (optimised against: no evidence)',
        winRate.ownJudge,
      ),
    );
  if (implicitReward !== undefined)
    parts.push(
      `Implicit reward on human pairs\n${table(NUMBERS, [row('accuracy', implicitReward.accuracy)])}\n` +
        `margin ${implicitReward.margin.toFixed(4)}`,
    );
  if (unfinished.length > 0) parts.push(`Not done: ${unfinished.join('; ')}`);
  return parts.join('\n\n');
}

function agreement(title: string, a: JudgeAgreement): string {
  const rows = [
    row('accuracy', a.accuracy),
    row('  chosen is longer', a.longerChosen),
    row('  chosen is shorter', a.shorterChosen),
    row('always the longer', a.alwaysLonger),
  ];
  return `${title}\n${table(NUMBERS, rows)}\nties ${a.ties}, no verdict ${a.errors}`;
}

function wins(title: string, w: RateOnSamples): string {
  const rows = [
    row('win rate', w.rate),
    row('length-controlled', w.lengthControlled),
    row('always the longer', w.alwaysLonger),
  ];
  return (
    `${title}\n${table(NUMBERS, rows)}\n` +
    `${w.wins} wins, ${w.losses} losses, ${w.ties} ties, ${w.errors} without verdict; ` +
    `mean length ${w.meanLength.a.toFixed(0)} against ${w.meanLength.b.toFixed(0)} characters`
  );
}
