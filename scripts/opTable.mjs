// The table of all ops in the guide, between two markers: `pnpm ops --table` writes it, and test/ops.lint.test.ts wants it to
// be current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOps } from './opCatalog.mjs';
import { readContracts } from './opContracts.mjs';
import { PATHS } from './opPaths.mjs';

// Prettier would pad every row to the longest.
const BEGIN = '<!-- prettier-ignore-start -->\n';
const END = '<!-- prettier-ignore-end -->\n';

/** The guide's text with the table as it should be. */
export function withOpTable(root) {
  const path = join(root, PATHS.guide);
  const text = readFileSync(path, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (after === undefined)
    throw new Error(
      `${PATHS.guide}: expected ${BEGIN.trim()} and ${END.trim()}, received a text without them`,
    );
  return `${before}${BEGIN}\n${tableOf(root)}\n\n${END}${after}`;
}

export function writeOpTable(root) {
  writeFileSync(join(root, PATHS.guide), withOpTable(root));
}

function tableOf(root) {
  const contracts = readContracts(root);
  const places = new Map(readOps(root).map(({ stem, found }) => [stem, found]));
  const rows = contracts
    .filter(({ op }) => !op.endsWith('_backward'))
    .map((contract) => {
      const { op, tensors, numbers, tree } = contract;
      const { cpu, cuda } = places.get(op);
      return [
        `\`${op}\`${contracts.some((other) => other.op === `${op}_backward`) ? ' \u2190' : ''}`,
        [...tensors.filter(({ role }) => role !== 'out').map(described), ...(tree ? ['tree'] : [])].join(
          ', ',
        ),
        tensors
          .filter(({ role }) => role === 'out')
          .map(described)
          .join(', '),
        numbers
          .map(({ name, names }) => `\`${name}\`${names === null ? '' : `: ${names.join(' or ')}`}`)
          .join(', '),
        [...cpu, ...cuda].map((file) => `\`${file}\``).join(', '),
      ];
    });
  return [['op', 'takes', 'gives', 'attributes', 'kernels'], Array(5).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** `name` [shape], with ? where it may be absent and ! where it is written in place. */
function described({ name, role, shape, when }) {
  const mark = `${/optional/.test(role) || when !== null ? '?' : ''}${role.startsWith('inout') ? '!' : ''}`;
  return `\`${name}${mark} [${shape.replaceAll(' ', ', ')}]\``;
}
