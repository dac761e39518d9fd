import { SLOTS } from '../../packages/selfjudge/dist/world/facts.js';
import { ladderOf } from '../../packages/selfjudge/dist/world/testbed/ladder.js';
import { text } from '../blocks.mjs';
import { figure, names, worthTable } from '../rungs.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** Who judges, and whose answers. */
export const ladder = {
  name: 'ladder',
  seeds: [1, 2, 3, 4, 5],
  cells: [{ name: 'default', options: {} }],
  of: ladderOf,
};

export const ladderSections = ([{ results }]) => [
  {
    title: 'Who judges, and whose answers',
    blocks: [
      text(
        'Offline: the labelled pairs. Off-policy: two answers of the start to each of many prompts nobody labelled, judged once.',
        'On-policy (SELF-JUDGE and gold, on-policy): two answers of the policy as it trains. Overall labels and votes are of labelled pairs alone.',
        'p after Holm over the rows; every step that is kept was chosen by the frozen judge (or gold as judge) on dev prompts.',
      ),
      worthTable(results),
      text(
        'gold: exact score, 0 to 1. perfect: answers without a fault. KL: nats an answer from JSFT. surplus: items named less items asked for.',
      ),
    ],
  },
  {
    title: 'Slot by slot',
    blocks: [
      {
        kind: 'table',
        head: ['', ...SLOTS],
        rows: names(results).map((name) => [
          name,
          ...SLOTS.map((slot) => mean(figure(results, name, ({ slots }) => slots[slot])).toFixed(2)),
        ]),
      },
    ],
  },
  {
    title: 'How far the frozen judge can be believed',
    blocks: [
      text(
        'On pairs of answers of each policy: how often it names the better one, how often it names the longer one, and how often that is the better.',
      ),
      judged(results),
    ],
  },
];

function judged(results) {
  const rows = [
    ['JSFT, by the base before any label', results.map(({ baseJudge }) => baseJudge)],
    ...names(results).map((name) => [name, figure(results, name, ({ judge }) => judge)]),
  ];
  return {
    kind: 'table',
    head: ['answers of', 'right', 'names the longer', 'the longer is better'],
    rows: rows.map(([name, scores]) => [
      name,
      plain(interval(scores.map(({ accuracy }) => accuracy.value))),
      mean(scores.map(({ picksLonger }) => picksLonger)).toFixed(2),
      mean(scores.map(({ longerIsBetter }) => longerIsBetter)).toFixed(2),
    ]),
  };
}
