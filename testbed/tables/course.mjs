import { SLOTS } from '../../packages/selfjudge/dist/world/facts.js';
import { MAX_KL } from '../../packages/selfjudge/dist/world/settings.js';
import { courseOf } from '../../packages/selfjudge/dist/world/testbed/course.js';
import { text } from '../blocks.mjs';
import { lines } from '../plots.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** Self-training step by step, and when to stop. */
export const course = {
  name: 'course',
  seeds: [1, 2, 3, 4, 5],
  cells: [{ name: 'default', options: {} }],
  of: courseOf,
};

const KINDS = [
  ['plain', 'SELF-JUDGE'],
  ['held', 'SELF-JUDGE + reference'],
];
/** The step that self-training keeps by itself. */
export const OURS = `best of dev by the judge, KL at most ${MAX_KL} (ours)`;
const best = (points, value) => points.reduce((a, b) => (value(b) > value(a) ? b : a));

const ORDERS = 'before both orders agree less than in the first steps';

/** When a run would have stopped, and with which policy, that sees what a run sees; the last sees gold. */
export const STOPS = {
  'the last step (the paper)': (points) => points.at(-1),
  'best of dev by the judge, any KL': (points) => best(points, ({ winRate }) => winRate),
  [OURS]: (points) => {
    const end = points.findIndex(({ kl }) => kl > MAX_KL);
    return best(points.slice(0, end < 0 ? undefined : end), ({ winRate }) => winRate);
  },
  [`the last step of KL at most ${MAX_KL}`]: (points) => points.filter(({ kl }) => kl <= MAX_KL).at(-1),
  [ORDERS]: (points) => {
    const first = points[1].orderAgreement;
    const end = points.findIndex(({ orderAgreement }) => orderAgreement < first - 0.03);
    return points.at(end < 0 ? -1 : Math.max(0, end - 1));
  },
  'a quarter of the steps': (points) => points[Math.round((points.length - 1) / 4)],
  'the best by gold': (points) => best(points, ({ gold }) => gold),
};

/** Those that see what there is to see: a judge that is held to the start has no orders. */
const rulesOf = (courses) =>
  Object.entries(STOPS).filter(
    ([rule]) => rule !== ORDERS || courses.every((points) => points[1].orderAgreement !== undefined),
  );
const agreementOf = (values) => (values.includes(undefined) ? '' : mean(values).toFixed(2));

export const courseSections = ([{ results }]) => {
  const steps = results[0].plain.map(({ step }) => step);
  const at = (kind, i, pick) => results.map((result) => pick(result[kind][i]));
  const series = (pick) =>
    KINDS.flatMap(([kind, name]) =>
      steps.map((x, i) => ({ x, series: name, ...interval(at(kind, i, pick)) })),
    );
  const ofSteps = { x: { label: 'step of self-training' } };
  return [
    {
      title: 'The judge as the policy leaves it',
      blocks: [
        text(
          'Self-training to its last step, however far it goes, scored every 20 steps; the frozen judge on pairs of the answers of each step.',
        ),
        ...KINDS.map(([kind, name]) => ({
          kind: 'table',
          head: [
            name,
            'gold',
            'judge right',
            'names the longer',
            'the longer is better',
            'KL',
            'dev, by the judge',
            'orders agree',
            ...SLOTS,
          ],
          rows: steps.map((step, i) => [
            `step ${step}`,
            plain(interval(at(kind, i, ({ gold }) => gold))),
            ...['right', 'picksLonger', 'longerIsBetter', 'kl', 'winRate'].map((key) =>
              mean(at(kind, i, (point) => point[key])).toFixed(2),
            ),
            agreementOf(at(kind, i, (point) => point.orderAgreement)),
            ...SLOTS.map((slot) => mean(at(kind, i, ({ slots }) => slots[slot])).toFixed(2)),
          ]),
        })),
        lines(
          'Gold of the policy',
          series(({ gold }) => gold),
          { ...ofSteps, y: { label: 'gold' } },
        ),
        lines(
          'How often the frozen judge is right on its answers',
          series(({ right }) => right),
          {
            ...ofSteps,
            y: { label: 'share of pairs' },
          },
        ),
      ],
    },
    {
      title: 'When to stop',
      blocks: [
        text(
          'What each rule keeps, and its regret: the best gold of the course less the gold of what is kept.',
        ),
        ...KINDS.map(([kind, name]) => ({
          kind: 'table',
          head: [name, 'gold', 'regret', 'step'],
          rows: rulesOf(results.map((result) => result[kind])).map(([rule, stop]) => {
            const kept = results.map((result) => stop(result[kind]));
            const most = results.map((result) => STOPS['the best by gold'](result[kind]).gold);
            return [
              rule,
              plain(interval(kept.map(({ gold }) => gold))),
              mean(kept.map(({ gold }, i) => most[i] - gold)).toFixed(3),
              mean(kept.map(({ step }) => step)).toFixed(0),
            ];
          }),
        })),
      ],
    },
  ];
};
