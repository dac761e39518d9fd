import { bestOfNOf } from '../../packages/selfjudge/dist/world/testbed/bestOfN.js';
import { text } from '../blocks.mjs';
import { lines } from '../plots.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** One of N answers, by whom. */
export const bestOf = {
  name: 'bestOf',
  seeds: [1, 2, 3, 4, 5],
  cells: [{ name: 'default', options: {} }],
  of: bestOfNOf,
};

const COMPARISONS = {
  'knock-out': (n) => n - 1,
  'round robin': (n) => (n * (n - 1)) / 2,
  largest: () => 0,
};
/** Of each way to choose: its rows of all seeds. */
function ways(results) {
  return results[0].map(({ policy, by, how }) => ({
    policy,
    by,
    how,
    seeds: results.map(
      (rows) => rows.find((row) => row.policy === policy && row.by === by && row.how === how).chosen,
    ),
  }));
}
/** Gold of each seed of the best of n; undefined where it was not chosen. */
export const chosenGold = (results, policy, by, how, n) =>
  ways(results)
    .find((way) => way.policy === policy && way.by === by && way.how === how)
    .seeds.map((chosen) => chosen.find((row) => row.n === n).gold);
export const policies = (results) => [...new Set(results[0].map(({ policy }) => policy))];

export const bestOfSections = ([{ results }]) => {
  const all = ways(results);
  const counts = [...new Set(all.flatMap(({ seeds: [chosen] }) => chosen.map(({ n }) => n)))];
  const at = ({ seeds }, n, pick) =>
    seeds[0].some((row) => row.n === n)
      ? seeds.map((chosen) => pick(chosen.find((row) => row.n === n)))
      : undefined;
  const table = (policy) => ({
    kind: 'table',
    head: [
      policy,
      '',
      ...counts.map((n) => `N = ${n}`),
      'comparisons at 16',
      'tokens at 16',
      'no word twice at 16',
    ],
    rows: all
      .filter((way) => way.policy === policy)
      .map((way) => [
        way.by,
        way.how,
        ...counts.map((n) => {
          const golds = at(way, n, ({ gold }) => gold);
          return golds === undefined ? '' : plain(interval(golds));
        }),
        String(COMPARISONS[way.how](16)),
        mean(at(way, 16, ({ tokens }) => tokens)).toFixed(1),
        mean(at(way, 16, ({ unrepeated }) => unrepeated)).toFixed(2),
      ]),
  });
  const drawn = all.filter(({ by, how }) => how === 'knock-out' && by.startsWith('frozen start'));
  const points = drawn.flatMap((way) =>
    counts.map((n) => ({
      x: n,
      series: `${way.policy}${way.by.endsWith('reference') ? ' + reference' : ''}`,
      ...interval(at(way, n, ({ gold }) => gold)),
    })),
  );
  return [
    {
      title: 'The best of N answers',
      blocks: [
        text(
          'By knock-out (N - 1 comparisons) or round robin; + reference: the winner has the larger log-odds + 0.1 of the log-probability under',
          'the frozen start. The outside judge learnt from other pairs. A comparison is four questions in both orders.',
        ),
        ...policies(results).map(table),
        lines('The best of N, by knock-out of the frozen start', points, {
          x: { label: 'N', log: true },
          y: { label: 'gold' },
        }),
      ],
    },
  ];
};
