import { judgesOf } from '../../packages/selfjudge/dist/world/testbed/judges.js';
import { text } from '../blocks.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** Ways to make a judge of the same labels. */
export const judges = {
  name: 'judges',
  seeds: [1, 2, 3],
  cells: [{ name: 'default', options: {} }],
  of: judgesOf,
};

export const judgeSections = ([{ results }]) => {
  const of = (name, pick) => results.map((rows) => pick(rows.find((row) => row.name === name)));
  return [
    {
      title: 'Judges, each as a judge and as a policy',
      blocks: [
        text(
          'Right: on the same pairs of answers of writers of all kinds. After: the policy that self-training ended with, as judge of those pairs; and the',
          "frozen judge on that policy's own answers. Plain and rationales ask one overall question, whose labels are the pairs' overall ones.",
        ),
        {
          kind: 'table',
          head: [
            'judge',
            'right',
            'right after',
            'policy before',
            'policy after',
            'frozen judge on its answers',
          ],
          rows: results[0].map(({ name }) => [
            name,
            plain(interval(of(name, ({ right }) => right))),
            of(name, ({ rightAfter }) => rightAfter).includes(undefined)
              ? ''
              : mean(of(name, ({ rightAfter }) => rightAfter)).toFixed(2),
            plain(interval(of(name, ({ before }) => before.gold))),
            plain(interval(of(name, ({ after }) => after.gold))),
            mean(of(name, ({ after }) => after.judge.accuracy.value)).toFixed(2),
          ]),
        },
      ],
    },
  ];
};
