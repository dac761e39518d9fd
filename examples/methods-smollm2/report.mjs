// The costs of examples/methods-smollm2/run.mjs, and PPO by learning rate, as docs/results/methods-smollm2.md and .json:
//   node examples/methods-smollm2/report.mjs runs/methods-smollm2
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from '../../packages/training/dist/runs/index.js';
import { publish } from '../publish.mjs';
import { table } from '../../testbed/blocks.mjs';
import { percent } from '../../testbed/statistics.mjs';
import { costsOf, PHASES } from './costs.mjs';
import { ratesOf } from './rates.mjs';
import { METHODS, PPO_RATES, PPO_STEPS, STEPS } from './settings.mjs';

const folder = process.argv[2] ?? 'runs/methods-smollm2';
const environment = readEnvironment(join(folder, METHODS[0].name));
const costs = costsOf(folder);
/** The last file that the run makes. */
const last = join(folder, `ppo-${PPO_RATES.at(-1)}.dev.jsonl`);
const rates = existsSync(last) ? ratesOf(folder) : undefined;

const costRows = costs.map(({ name, holds, forwards, peakBytes, gflop, seconds }) => [
  name,
  holds,
  forwards.join(' + '),
  ...(gflop === undefined
    ? ['not run', ...PHASES.map(() => ''), '', '']
    : [
        `${(peakBytes / 2 ** 30).toFixed(2)} GiB`,
        ...PHASES.map((phase) => gflop[phase].toFixed(0)),
        PHASES.reduce((sum, phase) => sum + gflop[phase], 0).toFixed(0),
        seconds.toFixed(1),
      ]),
]);

publish(
  'methods-smollm2',
  `# What each method costs

\`node examples/methods-smollm2/run.mjs\`, after the example on human preferences: ${STEPS} steps of 16 prompts of HH-helpful, SmolLM2-135M-Instruct, LoRA, answers
of up to 128 tokens, on ${environment.cpu}, ${environment.cpus} threads, device ${environment.device} (${environment.path}). So few steps show that a method runs and what it costs, not what it is
worth.

${table(['method', 'holds', 'forwards', 'peak memory', ...PHASES, 'GFLOP in all', 'seconds'], costRows)}

Forwards, GFLOP and seconds are of a prompt. Forwards, by definition: answers drawn + judge prompts or answers scored + passes of a frozen model + passes that are
trained on, each with its way back. GFLOP are counted, by phase. Peak memory is of the whole process. Seconds are of a machine that may have had other work.
RSO, ReST and RAFT draw 4 answers to choose from.

## PPO's learning rate

${rates ? ratesText(rates) : 'Not run.'}
`,
  { environment, costs, rates },
);

function ratesText({ prompts, rows }) {
  const span = ({ value, low, high }) => `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  const lines = rows.map(({ rate, reward, outside, kl, clipped, characters, cut }) => [
    rate,
    span(reward),
    span(outside),
    kl.toFixed(3),
    percent(clipped),
    characters.toFixed(0),
    percent(cut),
  ]);
  const above = rows.filter(({ reward }) => reward.low > 0);
  const best = above.toSorted((a, b) => b.reward.value - a.reward.value)[0];
  return `${PPO_STEPS} steps of 16 from SFT by the reward model; what two answers to each of ${prompts} dev prompts gain over those of SFT, in the numbers of the reward model that was
trained on and of the outside judge that was not. Intervals are 95%, over prompts; one seed.

${table(['learning rate', 'reward model', 'outside judge', 'KL of the last step', 'clipped', 'characters', 'cut'], lines)}

${best ? `The largest gain by the reward model that is above 0 for certain is at ${best.rate}.` : 'By the reward model no rate gains anything for certain in so few steps.'}`;
}
