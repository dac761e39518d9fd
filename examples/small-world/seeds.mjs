// The quickstart on several seeds, as one Markdown table:
//   node examples/small-world/seeds.mjs 1 2 3 > docs/results/small-world.md
// Runs that are there already are not run again.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const seeds = process.argv.slice(2).map(Number);
if (seeds.length === 0 || seeds.some((seed) => !Number.isInteger(seed))) {
  process.stderr.write('usage: node examples/small-world/seeds.mjs SEED...\n');
  process.exit(2);
}
const main = fileURLToPath(new URL('../../packages/selfjudge/dist/cli/main.js', import.meta.url));
const outcomes = seeds.map((seed) => {
  const args = ['quickstart', '--seed', String(seed), '--output_dir', `runs/small-world-${seed}`, '--json'];
  const run = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
  return JSON.parse(run.stdout);
});

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const row = (...cells) => `| ${cells.join(' | ')} |`;
const perSeed = (values, digits = 2) =>
  `${mean(values).toFixed(digits)} (${values.map((value) => value.toFixed(digits)).join(' ')})`;
const span = ({ value, low, high }) =>
  `${value >= 0 ? '+' : ''}${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
const names = outcomes[0].contenders.map(({ name }) => name);
const of = (name, pick) => outcomes.map((o) => pick(o.contenders.find((c) => c.name === name)));

process.stdout.write(`# The small world on ${seeds.length} seeds

\`node examples/small-world/seeds.mjs ${seeds.join(' ')}\`: \`pnpm quickstart\` as it is, one run a seed. Every choice is made on dev
prompts or by the judge itself; the table is of held-out prompts, scored once. Mean, then seeds ${seeds.join(', ')}.

| | gold | perfect | win over JSFT | lists that repeat an item | words |
| --- | --- | --- | --- | --- | --- |
${names
  .map((name) =>
    row(
      name,
      ...['gold', 'perfect', 'win', 'repeat', 'words'].map((key) =>
        perSeed(
          of(name, ({ score }) => score[key]?.value ?? score[key]),
          key === 'words' ? 1 : 2,
        ),
      ),
    ),
  )
  .join('\n')}

Accuracy of the JSFT judge on pairs of its own answers: ${perSeed(
  outcomes.map(({ judgeAccuracy }) => judgeAccuracy.value),
  3,
)}.

SELF-JUDGE minus others on the same prompts, gold and win, each seed with its 95% interval over prompts:

| against | ${seeds.map((seed) => `seed ${seed}: gold | win`).join(' | ')} |
| --- | ${seeds.map(() => '--- | ---').join(' | ')} |
${outcomes[0].comparisons
  .map(({ against }) =>
    row(
      against,
      ...outcomes.flatMap(({ comparisons }) => {
        const c = comparisons.find((x) => x.against === against);
        return [span(c.gold), span(c.win)];
      }),
    ),
  )
  .join('\n')}
`);
