// pnpm ops [NAME... | --table]: which of contract, CPU kernel, CUDA kernel, wrapper, cases, wrong calls and bench each op has. Exit 1 when one is
// missing without a reason (EXCUSED in opCatalog.mjs), 2 when there is no such op.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nearest } from './nearest.mjs';
import { camel, readOps, snake, table } from './opCatalog.mjs';
import { PATHS } from './opPaths.mjs';
import { writeOpTable } from './opTable.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' }, table: { type: 'boolean' } },
});
if (values.help) {
  process.stdout.write(`usage: pnpm ops [NAME... | --table]
  NAME     ops by the name of their wrapper or their stem, with their backward (default: all)
  --table  writes the table of all ops into ${PATHS.guide}
A dot: there. A star: not there, for the reason below the table.
`);
  process.exit(0);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (values.table) {
  writeOpTable(root);
  process.exit(0);
}
const all = readOps(root);
const wanted = positionals.map(snake);
const unknown = wanted.filter((stem) => !all.some((op) => op.stem === stem));
if (unknown.length > 0) {
  const near = nearest(
    camel(unknown[0]),
    all.map(({ stem }) => camel(stem)),
  );
  const expected = `an op${near === undefined ? '' : `, such as ${near}`}`;
  process.stderr.write(
    `[ops] NAME: expected ${expected}, received ${unknown.join(', ')}; pnpm ops lists them\n`,
  );
  process.exit(2);
}
const ops =
  wanted.length === 0 ? all : all.filter(({ stem }) => wanted.includes(stem.replace(/_backward$/, '')));
process.stdout.write(`${table(ops)}\n`);
process.exit(ops.some(({ problems }) => problems.some(({ excuse }) => excuse === undefined)) ? 1 : 0);
