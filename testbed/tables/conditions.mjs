import { conditionOf } from '../../packages/selfjudge/dist/world/testbed/conditions.js';
import { text } from '../blocks.mjs';
import { lines } from '../plots.mjs';
import { figure, gold, VOTE } from '../rungs.mjs';
import { interval, mean, plain, span } from '../statistics.mjs';

const of = conditionOf;

/** How many labels. JSFT has more steps where there is more to read; which of them is kept is chosen on noisy dev pairs. */
export const labels = {
  name: 'labels',
  seeds: [1, 2, 3, 4, 5],
  cells: [
    { name: '100', options: { pairs: 100 } },
    { name: '300', options: {} },
    { name: '1000', options: { pairs: 1000, jsftSteps: 400 } },
    { name: '3000', options: { pairs: 3000, jsftSteps: 800 } },
    { name: '10000', options: { pairs: 10_000, jsftSteps: 1600 } },
  ],
  of,
};

/** How the labels and the writers are. */
export const writers = {
  name: 'writers',
  seeds: [1, 2, 3],
  cells: [
    { name: 'as everywhere', options: {} },
    { name: 'no wrong labels', options: { labelNoise: 0 } },
    { name: '35% wrong labels', options: { labelNoise: 0.35 } },
    { name: '20% of pairs misread', options: { labelNoise: 0, sharedNoise: 0.2 } },
    { name: 'some writers careful', options: { care: 'mixed' } },
    { name: 'one care for all principles', options: { careBy: 'answer' } },
    { name: 'the commonest answer is wrong', options: { modal: 'wrong' } },
  ],
  of,
};

/** How large the model is; each size has a base of its own. */
export const sizes = {
  name: 'sizes',
  seeds: [1, 2, 3],
  cells: [
    { name: '0.2M', options: { size: '0.2M' } },
    { name: '0.7M', options: {} },
    { name: '3M', options: { size: '3M' } },
  ],
  of,
};

const COMPARED = ['SELF-JUDGE', 'SELF-JUDGE + reference'];

function conditionTable(name, cells) {
  return {
    kind: 'table',
    head: [name, 'JSFT', VOTE, ...COMPARED.flatMap((way) => [way, 'less the vote']), 'judge right', 'after'],
    rows: cells.map(({ cell, results }) => [
      cell,
      mean(figure(results, 'JSFT', gold)).toFixed(3),
      mean(figure(results, VOTE, gold)).toFixed(3),
      ...COMPARED.flatMap((way) => [
        mean(figure(results, way, gold)).toFixed(3),
        span(interval(figure(results, way, ({ over }) => over.value))),
      ]),
      mean(figure(results, 'JSFT', ({ judge }) => judge.accuracy.value)).toFixed(2),
      mean(figure(results, 'SELF-JUDGE', ({ judge }) => judge.accuracy.value)).toFixed(2),
    ]),
  };
}

function bestTable(name, cells) {
  const chosen = ({ bestOf }, policy, by, n) =>
    bestOf.find((one) => one.name === policy).rows.find((row) => row.n === n)[by].value;
  const policies = ['JSFT', 'SELF-JUDGE'];
  return {
    kind: 'table',
    head: [name, ...policies.flatMap((policy) => [`${policy}: one`, 'best of 16', '+ reference'])],
    rows: cells.map(({ cell, results }) => [
      cell,
      ...policies.flatMap((policy) =>
        [
          ['plain', 1],
          ['plain', 16],
          ['held', 16],
        ].map(([by, n]) => plain(interval(results.map((result) => chosen(result, policy, by, n))))),
      ),
    ]),
  };
}

const overVote = (cells) =>
  cells.flatMap(({ cell, results }) =>
    COMPARED.map((way) => ({
      x: Number(cell),
      series: way,
      ...interval(figure(results, way, ({ over }) => over.value)),
    })),
  );

export const labelSections = (cells) => [
  {
    title: 'How many labels',
    blocks: [
      text(
        `Gold, and gold less ${VOTE} on the same labels. The judge learns from all of them; offline DPO trains on their pairs; self-training`,
        'asks the judge about own answers. The step of JSFT is chosen at each number on 200 noisy dev pairs.',
      ),
      conditionTable('labelled pairs', cells),
      lines(`Self-training less ${VOTE}`, overVote(cells), {
        x: { label: 'labelled pairs', log: true },
        y: { label: 'difference in gold' },
      }),
      bestTable('labelled pairs', cells),
    ],
  },
];

export const writerSections = (cells) => [
  {
    title: 'What labels and writers are like',
    blocks: [
      text(
        'Writers who are careful in some answers cover better ones than careless writers. Where the commonest answer is wrong, most labelled',
        'answers share a misconception; the base has read other texts. A pair that is misread has all its labels turned round together.',
      ),
      conditionTable('world', cells),
      bestTable('world', cells),
    ],
  },
];

export const sizeSections = (cells) => [
  {
    title: 'How large the model is',
    blocks: [
      text(
        'Six layers each. The bases of 0.2M and 3M parameters read what the default one reads, for as many steps as `pnpm testbed --base` gives it, with',
        'the learning rates of the default: none is tuned to a size.',
      ),
      conditionTable('parameters', cells),
      bestTable('parameters', cells),
    ],
  },
];
