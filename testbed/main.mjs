// What self-judgment is worth in the small world, and whether that world can show it:
//   pnpm testbed                 who judges and whose answers, step by step, the best of N: five seeds, an hour on two cores
//   pnpm testbed --full          every table: labels, writers, rounds, judges, RSO, ReST, RAFT, PPO, sizes; at most a dozen hours
//   pnpm testbed --page          the pages under docs/results of the rows there are
//   pnpm testbed --validate      what the world has to be: docs/results/world-validity.md; fails where it is not
//   pnpm testbed --rates         learning rates, on two other seeds: docs/results/world-rates.md
//   pnpm testbed --base          trains the base that comes with the package
// A row (a cell of a table, one seed) is committed: docs/results/testbed/TABLE.json. What is there is not made again; what is
// trained stays in --output_dir. All rows are of the kernel path avx512, so that those of two machines are one table.
import { parseArgs } from 'node:util';
import { trainBase } from './base.mjs';
import { rates, ratesPage } from './rates.mjs';
import { fullTables, hourTables, testbedPage } from './testbed.mjs';
import { makeRows } from './rows.mjs';
import { validate, validityPage } from './validate.mjs';

process.env.SELFJUDGE_CPU ??= 'avx512';

const usage =
  'usage: pnpm testbed [--full | --page | --validate | --rates | --base] [--only TABLE,...] [--seeds 1,2,3] [--output_dir runs/testbed]\n';
function fail(message) {
  process.stderr.write(`${message}\n${usage}`);
  process.exit(2);
}

async function all(tables, { root, seeds }) {
  for (const table of tables) await makeRows(table, { root, seeds });
  testbedPage();
  return true;
}
const only = (tables, { only: names, ...how }) => {
  const known = tables.map(({ name }) => name);
  for (const name of names ?? [])
    if (!known.includes(name)) fail(`--only: expected of ${known.join(', ')}, received '${name}'`);
  return all(names === undefined ? tables : tables.filter(({ name }) => names.includes(name)), how);
};
const MODES = {
  full: (how) => only(fullTables, how),
  page: () => {
    testbedPage();
    ratesPage();
    return validityPage();
  },
  validate,
  rates,
  base: trainBase,
};
const flags = { help: 'boolean', only: 'string', seeds: 'string', output_dir: 'string' };
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
const [mode] = modes;
if (given.seeds !== undefined && ['rates', 'base', 'page'].includes(mode)) fail(`--seeds: not of --${mode}`);
if (given.only !== undefined && ![undefined, 'full'].includes(mode)) fail(`--only: not of --${mode}`);
const seeds = given.seeds?.split(',').map(Number);
if (seeds?.some((seed) => !Number.isSafeInteger(seed) || seed < 1))
  fail(`--seeds: expected whole numbers from 1, received '${given.seeds}'`);

const run = MODES[mode] ?? ((how) => only(hourTables, how));
const how = { root: given.output_dir ?? 'runs/testbed', seeds, only: given.only?.split(',') };
process.exit((await run(how)) ? 0 : 1);
