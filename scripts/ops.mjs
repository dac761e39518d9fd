// pnpm ops [NAME...]: which of contract, CPU kernel, CUDA kernel, wrapper, cases and bench each op has. Exit 1 when one is
// missing without a reason (EXCUSED in opCatalog.mjs), 2 when there is no such op.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readOps, snake, table } from './opCatalog.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  process.stdout.write(`usage: pnpm ops [NAME...]
  NAME  ops by the name of their wrapper or their stem, with their backward (default: all)
A dot: there. A star: not there, for the reason below the table.
`);
  process.exit(0);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const all = readOps(root);
const wanted = positionals.map(snake);
const unknown = wanted.filter((stem) => !all.some((op) => op.stem === stem));
if (unknown.length > 0) {
  process.stderr.write(`[ops] NAME: expected an op, received ${unknown.join(', ')}; pnpm ops lists them\n`);
  process.exit(2);
}
const ops =
  wanted.length === 0 ? all : all.filter(({ stem }) => wanted.includes(stem.replace(/_backward$/, '')));
process.stdout.write(`${table(ops)}\n`);
process.exit(ops.some(({ problems }) => problems.some(({ excuse }) => excuse === undefined)) ? 1 : 0);
