import type { Estimate } from '@selfjudge/evaluation';
import type { Calibration, Group } from './calibration.js';
import type { DrawnChart } from './charts.js';
import { grid } from './html.js';

export const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
/** A share with its interval. */
export const estimate = ({ value, low, high }: Estimate): string =>
  `${percent(value)} [${percent(low)}, ${percent(high)}]`;

/** How often the judge is right where it is so sure, beside what a judge whose probabilities are shares would be. */
export const reliabilityChart = ({
  bins,
}: {
  bins: readonly Pick<Group, 'confidence' | 'accuracy'>[];
}): DrawnChart => ({
  title: 'Reliability on held-out pairs',
  unit: 'share right',
  x: 'confidence',
  keys: ['right', 'calibrated'],
  range: [0, 1],
  data: [
    bins.map(({ confidence }) => Number(confidence.toPrecision(4))),
    bins.map(({ accuracy }) => Number(accuracy.value.toPrecision(4))),
    bins.map(({ confidence }) => Number(confidence.toPrecision(4))),
  ],
});

/** What held-out pairs say of the judge. @param step at which it was asked */
export function judgePanel(of: Calibration, step: number): string {
  const { pairs, questions, unanswered, firstRate, error } = of;
  const about =
    questions === pairs ? `${pairs} held-out pairs` : `${questions} questions about ${pairs} held-out pairs`;
  const none = unanswered === 0 ? '' : ` ${unanswered} had no verdict and are not counted below.`;
  return (
    `<p>At step ${step} the judge was asked ${about}, each in both orders.${none} ` +
    `In ${percent(firstRate)} of the orders it names the answer shown first (50% without a bias). ` +
    `Its confidence is off by ${percent(error)} on average (expected calibration error).</p>` +
    `<div class="tables">${groups('Confidence', of.bins, true)}${groups('Length', of.byLength, false)}</div>`
  );
}

function groups(title: string, all: readonly Group[], withConfidence: boolean): string {
  if (all.length === 0) return '';
  const rows = all.map(({ name, questions, confidence, accuracy }) => [
    name,
    String(questions),
    ...(withConfidence ? [(2 * confidence - 1).toFixed(2)] : []),
    estimate(accuracy),
  ]);
  return grid([title, 'questions', ...(withConfidence ? ['mean margin'] : []), 'right'], rows);
}
