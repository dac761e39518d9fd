// What self-judgment is worth in the small world, and whether that world can show it:
//   pnpm testbed                 every way to learn from the same labels, on five seeds: docs/results/testbed.{md,json}
//   pnpm testbed --validate      what the world has to be: docs/results/world-validity.{md,json}; fails where it is not
//   pnpm testbed --rates         learning rates, on two other seeds: docs/results/world-rates.{md,json}
//   pnpm testbed --base          trains the base that comes with the package
// What is trained is kept in --output_dir and not trained again.
import { parseArgs } from 'node:util';
import { trainBase } from './base.mjs';
import { ladder } from './ladder.mjs';
import { rates } from './rates.mjs';
import { validate } from './validate.mjs';

const usage =
  'usage: pnpm testbed [--validate | --rates | --base] [--seeds 1,2,3,4,5] [--output_dir runs/testbed]\n';
function fail(message) {
  process.stderr.write(`${message}\n${usage}`);
  process.exit(2);
}
const MODES = { validate, rates, base: trainBase };
const flags = { help: 'boolean', seeds: 'string', output_dir: 'string' };
for (const mode of Object.keys(MODES)) flags[mode] = 'boolean';
let given;
try {
  const options = Object.fromEntries(Object.entries(flags).map(([name, type]) => [name, { type }]));
  given = parseArgs({ options }).values;
} catch (error) {
  fail(error.message);
}
if (given.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const modes = Object.keys(MODES).filter((mode) => given[mode]);
if (modes.length > 1) fail(`--${modes.join(', --')}: expected one of them`);
if (given.seeds !== undefined && ['rates', 'base'].includes(modes[0]))
  fail(`--seeds: --${modes[0]} has seeds of its own`);
const seeds = (given.seeds ?? '1,2,3,4,5').split(',').map(Number);
if (seeds.length < 2 || seeds.some((seed) => !Number.isSafeInteger(seed) || seed < 1))
  fail(`--seeds: expected two whole numbers from 1 or more, received '${given.seeds}'`);

const run = MODES[modes[0]] ?? ladder;
process.exit((await run({ root: given.output_dir ?? 'runs/testbed', seeds })) ? 0 : 1);
