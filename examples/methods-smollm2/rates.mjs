import { join } from 'node:path';
import { bootstrapMean } from '../../packages/evaluation/dist/index.js';
import { readMetrics } from '../../packages/training/dist/runs/index.js';
import { mean } from '../hh-smollm2/overSeeds.mjs';
import { readRows } from '../hh-smollm2/settings.mjs';
import { PPO_RATES } from './settings.mjs';

/** What PPO gains over its start at each learning rate, on dev prompts. */
export function ratesOf(folder) {
  const answers = (name) => readRows(join(folder, `${name}.dev.jsonl`));
  const start = answers('sft');
  /** Answers to one prompt are drawn together. */
  const gain = (rows, key) =>
    bootstrapMean(rows.map((row, i) => ({ group: String(row.of), value: row[key] - start[i][key] })));
  const rows = PPO_RATES.map((rate) => {
    const steps = readMetrics(join(folder, `ppo-${rate}`)).rows.map(({ metrics }) => metrics);
    const own = answers(`ppo-${rate}`);
    return {
      rate,
      reward: gain(own, 'reward'),
      outside: gain(own, 'outside'),
      kl: steps.at(-1)['objective/kl'],
      clipped: mean(steps.map((step) => step['policy/clipfrac_avg'])),
      characters: mean(own.map(({ completion }) => completion.length)),
      cut: mean(own.map(({ finish }) => Number(finish === 'length'))),
    };
  });
  return { prompts: new Set(start.map((row) => row.of)).size, rows };
}
