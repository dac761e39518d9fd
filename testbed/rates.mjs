import { RATED, ratesOf } from '../packages/selfjudge/dist/world/testbed/rates.js';
import { text } from './blocks.mjs';
import { publish } from './page.mjs';
import { byCell, makeRows, rowsOnFile } from './rows.mjs';
import { mean } from './statistics.mjs';

/** On other seeds than those of any result. */
export const rateTable = {
  name: 'rates',
  seeds: [11, 12],
  cells: RATED.map((name) => ({ name, options: {} })),
  of: ratesOf,
};

/** Which learning rate the frozen judge would choose, and which gold. @returns true: the defaults are written down by a person */
export async function rates({ root }) {
  await makeRows(rateTable, { root });
  ratesPage();
  return true;
}

/** Writes docs/results/world-rates.md, of the rows there are. */
export function ratesPage() {
  const methods = byCell(rateTable, rowsOnFile(rateTable));
  const scores = methods.map(({ cell, results }) => ({
    method: cell,
    rates: results[0].map(({ rate }, i) => {
      const over = (key) => mean(results.map((rows) => rows[i][key]));
      return { rate, winRate: over('winRate'), gold: over('gold'), kl: over('kl') };
    }),
  }));
  const cells = scores.flatMap(({ method, rates }) =>
    rates.map(({ rate, winRate, gold, kl }) => [
      method,
      String(rate),
      winRate.toFixed(3),
      gold.toFixed(3),
      kl.toFixed(2),
    ]),
  );
  const regret = scores.map(({ method, rates }) => {
    const most = (key) => rates.reduce((a, b) => (b[key] > a[key] ? b : a));
    const [byJudge, byGold] = [most('winRate'), most('gold')];
    return [method, String(byJudge.rate), String(byGold.rate), (byGold.gold - byJudge.gold).toFixed(3)];
  });
  const blocks = [
    text(
      `\`pnpm testbed --rates\`: seeds ${rateTable.seeds.join(' and ')}, of which no result is. Of each method what the frozen judge says on dev prompts (wins`,
      'against the start, ties half) and what gold says.',
    ),
    {
      kind: 'table',
      head: ['method', 'by the judge', 'by gold', 'what the choice by the judge costs, in gold'],
      rows: regret,
    },
    {
      kind: 'table',
      head: ['method', 'learning rate', 'wins on dev, by the frozen judge', 'gold on dev', 'KL'],
      rows: cells,
    },
  ];
  publish('world-rates', 'Learning rates of the small world', [{ blocks }]);
}
