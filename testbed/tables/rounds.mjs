import { JUDGES, roundsOf } from '../../packages/selfjudge/dist/world/testbed/rounds.js';
import { text } from '../blocks.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** Self-training in rounds. */
export const rounds = {
  name: 'rounds',
  seeds: [1, 2, 3],
  cells: [{ name: 'default', options: {} }],
  of: roundsOf,
};

const SAID = {
  first: 'the first judge throughout',
  previous: "each round's start",
  retrained: "each round's start, taught by the labels again",
};

export const roundSections = ([{ results }]) => {
  const count = results[0].rounds.first.length;
  const of = (mode, i, pick) => results.map((result) => pick(result.rounds[mode][i]));
  return [
    {
      title: 'In rounds',
      blocks: [
        text(
          'A third of the steps each; a round begins with what the one before ended with, its start and reference. Agreement: on how many labelled',
          'pairs the judge of the last round says what the first judge says.',
        ),
        {
          kind: 'table',
          head: [
            'judge',
            ...Array.from({ length: count }, (_, i) => `gold after round ${i + 1}`),
            'agreement',
            'first judge right at the end',
          ],
          rows: JUDGES.map((mode) => [
            SAID[mode],
            ...Array.from({ length: count }, (_, i) => plain(interval(of(mode, i, ({ gold }) => gold)))),
            mean(results.map(({ agreement }) => agreement[mode].at(-1))).toFixed(2),
            mean(of(mode, count - 1, ({ judge }) => judge.accuracy.value)).toFixed(2),
          ]),
        },
      ],
    },
  ];
};
