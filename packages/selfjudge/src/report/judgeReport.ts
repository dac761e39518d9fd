import type { Estimate } from '@selfjudge/evaluation';
import type { JudgeTrust } from '@selfjudge/evaluation/internal';
import type { JudgeEvaluation, PairVerdict } from '../inference/judgeEvaluation.js';
import { figures } from '../inference/trustFigures.js';
import type { TrustRow } from '../inference/trustRows.js';
import { promptColumns } from '@selfjudge/data/internal';
import { escaped, grid } from './html.js';
import { chartsHtml, htmlPage } from './htmlPage.js';
import { estimate, reliabilityChart } from './judgePanel.js';
import { judgeReading } from './judgeReading.js';
import { pairCard } from './sampledPairs.js';

/** Pairs on which the judge is surely wrong. */
const SHOWN = 6;

/**
 * What labelled files say of a judge as one HTML file: what it comes to in sentences, every figure, the reliability curve, subsets,
 * and the pairs on which it is most sure and wrong.
 * @param rows those of the evaluation, with their texts
 */
export function judgeReport(evaluation: JudgeEvaluation, rows: readonly TrustRow[]): string {
  const { judge, files, trust, by, verdicts } = evaluation;
  const { calibration } = trust;
  const charts = calibration === undefined ? [] : [reliabilityChart(calibration)];
  const sentences = judgeReading(evaluation).map((text) => `<li>${escaped(text)}</li>`);
  const parts: (readonly [id: string, title: string, html: string])[] = [
    ['reading', 'What it comes to', `<ol class="reading">${sentences.join('\n')}</ol>`],
    ['figures', 'Figures', estimates(figures(trust))],
    ...(calibration === undefined
      ? []
      : [['calibration', 'Calibration', chartsHtml(charts, 0) + calibrationTables(trust)] as const]),
    ...(trust.people === undefined ? [] : [['people', 'People', peopleTable(trust.people)] as const]),
    ...(by === undefined ? [] : [['subsets', by.column, subsetTable(by)] as const]),
    ...benchmarks(evaluation),
    ['mistakes', 'Where it is most sure and wrong', mistakes(verdicts, rows)],
  ];
  return htmlPage({
    title: `${judge} as judge of ${trust.pairs} pairs`,
    heading: judge,
    about: `as judge of ${trust.pairs} pairs in ${files.join(', ')}`,
    parts,
    charts,
  });
}

type Figures = readonly (readonly [name: string, estimate: Estimate | undefined])[];

function estimates(all: Figures): string {
  const rows = all.flatMap(([name, of]) =>
    of === undefined || of.n === 0 ? [] : [[name.trimStart(), estimate(of), String(of.n)]],
  );
  return grid(['', 'value [95%]', 'n'], rows);
}

function calibrationTables({ calibration, byMargin = [] }: JudgeTrust): string {
  const bins = calibration!.bins.map(({ low, high, confidence, accuracy, answers }) => [
    `${low.toFixed(1)} to ${high.toFixed(1)}`,
    confidence.toFixed(2),
    estimate(accuracy),
    String(answers),
  ]);
  const margins = byMargin.map(({ from, to, accuracy }) => [
    `${from.toPrecision(3)} to ${to.toPrecision(3)}`,
    estimate(accuracy),
    String(accuracy.n),
  ]);
  return (
    `<div class="tables">${grid(['confidence', 'mean', 'right', 'n'], bins)}` +
    `${grid(['margin', 'right', 'n'], margins)}</div>`
  );
}

function peopleTable({ judge, each }: NonNullable<JudgeTrust['people']>): string {
  const kappa = ({ value, low, high }: Estimate) =>
    Number.isNaN(value) ? '-' : `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  const rows = [
    ...judge.map(({ person, kappa: of }) => [`judge, ${person}`, kappa(of), String(of.n)]),
    ...each.map(({ people, kappa: of }) => [people.join(', '), kappa(of), String(of.n)]),
  ];
  return grid(["Cohen's kappa", 'value [95%]', 'n'], rows);
}

function subsetTable({ column, values }: NonNullable<JudgeEvaluation['by']>): string {
  const cell = (of: Estimate | undefined) => (of === undefined || of.n === 0 ? '-' : estimate(of));
  const rows = values.map(({ value, pairs, accuracy, length, firstRate }) => [
    value,
    String(pairs),
    cell(accuracy),
    cell(length?.longerBetter),
    cell(length?.shorterBetter),
    cell(firstRate),
  ]);
  return grid(
    [column, 'pairs', 'accuracy', 'better is longer', 'better is shorter', 'first shown wins'],
    rows,
  );
}

function benchmarks({ rewardBench, rewardBench2 }: JudgeEvaluation): (readonly [string, string, string])[] {
  const one =
    rewardBench &&
    ([
      'rewardbench',
      'RewardBench',
      estimates([
        ...rewardBench.sections.map(({ name, score }) => [name, score] as const),
        ['score', rewardBench.score],
        ...rewardBench.subsets.map(({ name, accuracy }) => [name, accuracy] as const),
      ]),
    ] as const);
  const two =
    rewardBench2 &&
    ([
      'rewardbench2',
      'RewardBench 2',
      estimates([
        ...rewardBench2.subsets.map(({ name, accuracy }) => [name, accuracy] as const),
        ['Ties: one right answer', rewardBench2.ties?.ref],
        ['Ties: several', rewardBench2.ties?.tied],
      ]),
    ] as const);
  return [one, two].filter((part) => part !== undefined);
}

/** @param verdicts of the rows that can be used, in their order */
function mistakes(verdicts: readonly PairVerdict[], rows: readonly TrustRow[]): string {
  const usable = rows.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const wrong = verdicts
    .map((verdict, i) => ({ ...verdict, value: usable[i] }))
    .filter(({ label, winner }) => winner !== null && winner !== 'tie' && label !== 'tie' && label !== winner)
    .filter(({ label }) => label !== undefined)
    .sort((x, y) => Math.abs(y.probability - 0.5) - Math.abs(x.probability - 0.5))
    .slice(0, SHOWN);
  if (wrong.length === 0) return '<p class="quiet">Nowhere.</p>';
  const cards = wrong.map(({ winner, probability, value }) => {
    const [a, b] = value.completions;
    return pairCard({
      ...promptColumns(value.prompt),
      a,
      b,
      winner,
      probability,
      fate: 'the other answer is the labelled one',
    });
  });
  return cards.join('\n');
}
