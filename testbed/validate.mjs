import { quickstartDefaults } from '../packages/selfjudge/dist/world/quickstart.js';
import { BOUNDS, validateSeed } from '../packages/selfjudge/dist/world/testbed/validate.js';
import { worldOptions } from './ladder.mjs';
import { overSeeds, publish } from './seeds.mjs';
import { interval, span, table } from './statistics.mjs';

const percent = (x) => `${(100 * x).toFixed(2)}%`;

/** @returns whether every bound holds */
export async function validate({ root, seeds }) {
  const options = worldOptions(quickstartDefaults);
  const rows = await overSeeds({ root, seeds, name: 'validity', options, of: validateSeed });
  const mean = (of) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  /** The figure farthest to the wrong side, each the mean over seeds. */
  const worst = (of, pick) => pick(...Object.keys(of(rows[0])).map((name) => mean((row) => of(row)[name])));
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
    ['JSFT writes answers without a fault in at most', mean((r) => r.perfect), BOUNDS.perfect, true],
    ['such an answer is among 64 of JSFT for at least', mean((r) => r.reachable), BOUNDS.reachable, false],
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
  const page = `# Whether the small world can show what it is for

\`pnpm testbed --validate\`: ${options.pairs} labelled pairs, means over seeds ${seeds.join(', ')}.

${table(
  ['what', 'measured', 'bound', ''],
  checks.map(([what, value, bound, holds]) => [what, value, bound, holds ? 'holds' : 'does NOT hold']),
)}

${table(
  [
    'seed',
    'without a fault',
    'judge right',
    'gold: JSFT',
    'gold labels offline',
    'gold judge on-policy',
    'difference',
  ],
  rows.map((r) => [
    r.seed,
    percent(r.perfect),
    percent(r.judgeAccuracy),
    ...[r.start, r.offline, r.onPolicy, r.advantage].map((x) => x.toFixed(3)),
  ]),
)}
`;
  publish('world-validity', page, { options, rows });
  return checks.every(([, , , holds]) => holds);
}
