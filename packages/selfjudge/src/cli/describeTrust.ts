import type { Estimate } from '@selfjudge/evaluation';
import type { JudgeTrust } from '@selfjudge/evaluation/internal';
import type { JudgeEvaluation } from '../inference/judgeEvaluation.js';
import { figures, type Named } from '../inference/trustFigures.js';
import { interval, table } from './table.js';

const VALUE = ['', 'value [95%]', 'n'];

/** Figures that there are, a line each. */
const lines = (all: readonly Named[]): string[][] =>
  all.flatMap(([name, estimate]) =>
    estimate === undefined || estimate.n === 0 ? [] : [[name, interval(estimate), String(estimate.n)]],
  );

/** What labelled files say of a judge, as a person reads it. What there is nothing to tell from has no line. */
export function describeTrust(evaluation: JudgeEvaluation): string {
  const { judge, files, trust, by, rewardBench, rewardBench2 } = evaluation;
  const parts = [
    `${judge} as judge of ${trust.pairs} pairs in ${files.join(', ')}\n${table(VALUE, lines(figures(trust)))}`,
    calibrationText(trust),
    marginText(trust),
    peopleText(trust),
    by && subsetsText(by),
    rewardBench && rewardBenchText(rewardBench),
    rewardBench2 && rewardBench2Text(rewardBench2),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function calibrationText({ calibration }: JudgeTrust): string | undefined {
  if (calibration === undefined) return undefined;
  const { bins, error, brier, pairs } = calibration;
  const rows = bins.map(({ low, high, answers, confidence, accuracy }) => [
    `${low.toFixed(1)} to ${high.toFixed(1)}`,
    confidence.toFixed(3),
    interval(accuracy),
    String(answers),
  ]);
  return (
    `${table(['confidence', 'mean', 'right [95%]', 'n'], rows)}\n` +
    `off by ${error.toFixed(3)} on average (expected calibration error), Brier score ${brier.toFixed(3)} ` +
    `(0.25 for always one half), of ${pairs} pairs with a better answer`
  );
}

function marginText({ byMargin = [] }: JudgeTrust): string | undefined {
  if (byMargin.length < 2) return undefined;
  const rows = byMargin.map(({ from, to, accuracy }) => [
    `${from.toPrecision(3)} to ${to.toPrecision(3)}`,
    interval(accuracy),
    String(accuracy.n),
  ]);
  return table(['margin', 'right [95%]', 'n'], rows);
}

function peopleText({ people }: JudgeTrust): string | undefined {
  if (people === undefined) return undefined;
  return table(
    ["Cohen's kappa", 'value [95%]', 'n'],
    lines([
      ...people.judge.map(({ person, kappa }): Named => [`judge, ${person}`, kappa]),
      ...people.each.map(({ people: both, kappa }): Named => [both.join(', '), kappa]),
    ]),
  );
}

function subsetsText({ column, values }: NonNullable<JudgeEvaluation['by']>): string {
  const cell = (estimate: Estimate | undefined) =>
    estimate === undefined || estimate.n === 0 ? '-' : interval(estimate, 2);
  const rows = values.map(({ value, pairs, accuracy, length, firstRate, nulls }) => [
    value,
    String(pairs),
    cell(accuracy),
    cell(length?.longerBetter),
    cell(length?.shorterBetter),
    cell(firstRate),
    cell(nulls),
  ]);
  return table(
    [column, 'pairs', 'accuracy', 'better is longer', 'better is shorter', 'first shown wins', 'no verdict'],
    rows,
  );
}

function rewardBenchText({
  subsets,
  sections,
  score,
  others,
}: NonNullable<JudgeEvaluation['rewardBench']>): string {
  const named = sections.map(({ name, score: of }): Named => [name, of]);
  const missing = sections.flatMap(({ name, missing: of }) =>
    of.length === 0 ? [] : [`${name}: ${of.join(', ')}`],
  );
  const notes = [
    ...missing.map((text) => `missing in ${text}`),
    ...(score === undefined ? ['no score: it is of all four sections, each with all of its subsets'] : []),
    ...(others > 0 ? [`${others} pairs of other subsets are in no section`] : []),
  ];
  return [
    table(
      ['RewardBench', 'value [95%]', 'n'],
      [
        ...lines([...named, ['score', score]]),
        ...lines(subsets.map(({ name, accuracy }): Named => [`  ${name}`, accuracy])),
      ],
    ),
    ...notes,
  ].join('\n');
}

function rewardBench2Text({ subsets, ties, score }: NonNullable<JudgeEvaluation['rewardBench2']>): string {
  const text = table(
    ['RewardBench 2', 'value [95%]', 'n'],
    lines([
      ...subsets.map(({ name, accuracy }): Named => [name, accuracy]),
      ['Ties: one right answer', ties?.ref],
      ['Ties: several', ties?.tied],
    ]),
  );
  const ofTies =
    ties === undefined
      ? []
      : ties.score === undefined
        ? ['the score of Ties needs a judge that gives each answer its own (a reward model): it is left out']
        : [`Ties ${ties.score.toFixed(3)}`];
  const all = Number.isNaN(score) ? [] : [`score ${score.toFixed(3)}, the mean of the subsets`];
  return [text, ...ofTies, ...all].join('\n');
}
