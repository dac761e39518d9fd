import { rivalryOf } from '../../packages/selfjudge/dist/world/testbed/rivalry.js';
import { text } from '../blocks.mjs';
import { interval, mean, plain } from '../statistics.mjs';

/** RSO, ReST, RAFT and PPO. */
export const rivalry = {
  name: 'rivalry',
  seeds: [1, 2, 3],
  cells: [{ name: 'default', options: {} }],
  of: rivalryOf,
};

const NAMES = { 'self-train': 'SELF-JUDGE', rso: 'RSO', rest: 'ReST', raft: 'RAFT', ppo: 'PPO' };

export const rivalrySections = ([{ results }]) => {
  const of = (i, pick) => results.map((rows) => pick(rows[i]));
  return [
    {
      title: 'Beside RSO, ReST, RAFT and PPO',
      blocks: [
        text(
          'The same labels, prompts, batches and steps from the same two starts, ranked by the frozen judge or by a reward model of the overall labels;',
          'learning rates from the middle of a grid (world-rates.md). Models: copies of the size of the policy that training holds when all weights are',
          'trained; with adapters the policy and its start are one. GFLOP: of a step, sampling and judging with it, counted; what memory the methods take on a',
          'real model: methods-smollm2.md. RSO draws 16 answers a prompt, ReST and RAFT 8, self-training 2, PPO 1.',
        ),
        {
          kind: 'table',
          head: [
            'method',
            'start',
            'by',
            'gold',
            'perfect',
            'KL',
            'tokens',
            'models',
            'parameters',
            'GFLOP a prompt',
          ],
          rows: results[0].map(({ method, start, by, models, resident }, i) => [
            NAMES[method],
            start,
            by,
            plain(interval(of(i, ({ gold }) => gold))),
            mean(of(i, ({ perfect }) => perfect)).toFixed(3),
            mean(of(i, ({ kl }) => kl)).toFixed(2),
            mean(of(i, ({ tokens }) => tokens)).toFixed(1),
            String(models),
            `${(resident / 1e6).toFixed(2)}M`,
            mean(of(i, ({ gflop }) => gflop)).toFixed(2),
          ]),
        },
      ],
    },
  ];
};
