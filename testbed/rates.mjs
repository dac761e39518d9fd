import { quickstartDefaults } from '../packages/selfjudge/dist/world/quickstart.js';
import { ratesOf } from '../packages/selfjudge/dist/world/testbed/rates.js';
import { worldOptions } from './ladder.mjs';
import { overSeeds, publish } from './seeds.mjs';
import { table } from './statistics.mjs';

/** Others than those of any result. */
const SEEDS = [11, 12];
const GRID = [3e-5, 1e-4, 3e-4, 1e-3];

/** Which learning rate the frozen judge would choose, and which gold. @returns true: the defaults are written down by a person */
export async function rates({ root }) {
  const options = { ...worldOptions(quickstartDefaults), grid: GRID };
  const rows = await overSeeds({ root, seeds: SEEDS, name: 'rates', options, of: ratesOf });
  const cells = rows[0].rates.map(({ method, rate }, i) => {
    const mean = (pick) => rows.reduce((sum, { rates }) => sum + pick(rates[i]), 0) / rows.length;
    return [
      method,
      rate,
      mean(({ winRate }) => winRate).toFixed(3),
      mean(({ gold }) => gold).toFixed(3),
      mean(({ kl }) => kl).toFixed(2),
    ];
  });
  const page = `# Learning rates of the small world

\`pnpm testbed --rates\`: seeds ${SEEDS.join(' and ')}, of which no result is. Chosen by what the frozen judge says on dev prompts (wins against the start);
gold stands beside it, to show what that choice costs.

${table(['method', 'learning rate', 'wins on dev, by the frozen judge', 'gold on dev', 'KL'], cells)}
`;
  publish('world-rates', page, { options, rows });
  return true;
}
