import { BOUNDS, validateSeed } from '../packages/selfjudge/dist/world/testbed/validate.js';
import { worldDefaults } from '../packages/selfjudge/dist/world/settings.js';
import { text } from './blocks.mjs';
import { publish } from './page.mjs';
import { makeRows, rowsOnFile } from './rows.mjs';
import { interval, mean, span } from './statistics.mjs';

const table = {
  name: 'validity',
  seeds: [1, 2, 3, 4, 5],
  cells: [{ name: 'default', options: {} }],
  of: validateSeed,
};
const percent = (x) => `${(100 * x).toFixed(2)}%`;

/** @returns whether every bound holds */
export async function validate(how) {
  await makeRows(table, how);
  return validityPage();
}

/** Writes docs/results/world-validity.md, of the rows there are. @returns whether every bound holds */
export function validityPage() {
  const made = rowsOnFile(table);
  const rows = made.map(({ result }) => result);
  const over = (of) => mean(rows.map(of));
  /** The figure farthest to the wrong side, each the mean over seeds. */
  const worst = (of, pick) => pick(...Object.keys(of(rows[0])).map((name) => over((row) => of(row)[name])));
  const advantage = interval(rows.map((row) => row.advantage));
  const checks = [
    [
      'a surface feature names the better answer in at most',
      worst((r) => r.surface, Math.max),
      BOUNDS.surface,
      true,
    ],
    [
      'each principle is against the total in at least',
      worst((r) => r.conflict, Math.min),
      BOUNDS.conflict,
      false,
    ],
    ['JSFT writes answers without a fault in at most', over((r) => r.perfect), BOUNDS.perfect, true],
    ['such an answer is among 64 of JSFT for at least', over((r) => r.reachable), BOUNDS.reachable, false],
  ].map(([what, value, bound, most]) => [
    what,
    percent(value),
    percent(bound),
    most ? value <= bound : value >= bound,
  ]);
  checks.push([
    'the gold judge on-policy less gold labels offline, 95% by t',
    span(advantage),
    'above 0',
    advantage.low > 0,
  ]);
  const seeds = made.map(({ seed }) => seed).join(', ');
  const blocks = [
    text(`\`pnpm testbed --validate\`: ${worldDefaults.pairs} labelled pairs, means over seeds ${seeds}.`),
    {
      kind: 'table',
      head: ['what', 'measured', 'bound', ''],
      rows: checks.map(([what, value, bound, holds]) => [
        what,
        value,
        bound,
        holds ? 'holds' : 'does NOT hold',
      ]),
    },
    {
      kind: 'table',
      head: [
        'seed',
        'without a fault',
        'judge right',
        'gold: JSFT',
        'gold labels offline',
        'gold judge on-policy',
        'difference',
      ],
      rows: made.map(({ seed, result: r }) => [
        String(seed),
        percent(r.perfect),
        percent(r.judgeAccuracy),
        ...[r.start, r.offline, r.onPolicy, r.advantage].map((x) => x.toFixed(3)),
      ]),
    },
  ];
  publish('world-validity', 'Whether the small world can show what it is for', [{ blocks }]);
  return checks.every(([, , , holds]) => holds);
}
