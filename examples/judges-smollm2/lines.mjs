// A line of each of the page's tables, of the rows of one cell.
import { bootstrapMean } from '../../packages/evaluation/dist/index.js';
import { interval, mean, percent } from '../../testbed/statistics.mjs';

const orNone = (value, show) => (value === undefined || value === null ? '' : show(value));
const share = (value) => orNone(value, percent);
export const span = (estimate, show = percent) =>
  orNone(estimate, ({ value, low, high }) =>
    low === undefined ? show(value) : `${show(value)} [${show(low)}, ${show(high)}]`,
  );
const number = (value) => value.toFixed(2);

/** Over seeds, or of the one that there is. */
function over(rows, pick) {
  // Of no pairs there is no figure.
  const values = rows.map(({ result }) => pick(result)).filter((one) => (one?.value ?? null) !== null);
  if (values.length === 0) return undefined;
  if (values.length === 1) return values[0];
  const means = values.map(({ value }) => value);
  if (values.length === 2) return { value: mean(means) };
  const { mean: value, low, high } = interval(means);
  return { value, low, high };
}
const meanOver = (rows, pick) => {
  const values = rows.map(({ result }) => pick(result)).filter((one) => one !== undefined && one !== null);
  return values.length === 0 ? undefined : mean(values);
};
const seedsOf = (rows) => rows.map(({ seed }) => seed).join(' ');

export const HEAD = [
  'judge',
  'seeds',
  'pairs that teach',
  'right',
  'always the longer',
  'where the longer is better',
  'where the shorter is',
  'longer wins (by labels)',
  'turns with the order',
  'calibration error',
  'against its twin',
];

export function lineOf(cell, of) {
  const rows = of(cell);
  if (rows.length === 0) return [];
  const judge = (key) => share(meanOver(rows, ({ judge }) => judge[key]));
  return [
    [
      cell.name,
      seedsOf(rows),
      orNone(
        meanOver(rows, ({ taught }) => taught),
        (pairs) => pairs.toFixed(0),
      ),
      span(over(rows, ({ judge }) => judge.accuracy)),
      judge('alwaysLonger'),
      judge('longerBetter'),
      judge('shorterBetter'),
      `${judge('longerWins')} (${judge('longerLabelled')})`,
      judge('flips'),
      judge('calibrationError'),
      span(differenceOf(rows, of(twinOf(cell))), points),
    ],
  ];
}

const points = (value) => `${value < 0 ? '-' : '+'}${Math.abs(100 * value).toFixed(1)}`;
const POINTS = { 1: 1, t: 0.5, 0: 0 };

/** The row that a cell is compared with. */
function twinOf({ name, options: { set } }) {
  const twin = { name: name === `${set}: taught` ? `${set}: as it is` : `${set}: taught` };
  return name === `${set}: as it is` ? { name: undefined } : twin;
}

/** How much more often right on the same pairs, in seeds that both have; of what has one seed, by it. */
function differenceOf(rows, others) {
  const values = rows.flatMap(({ seed, result: { right } }) => {
    const other = others.find((row) => row.seed === seed) ?? (others.length === 1 ? others[0] : undefined);
    if (other === undefined) return [];
    return [...right].flatMap((one, i) => {
      const [mine, theirs] = [POINTS[one], POINTS[other.result.right[i]]];
      return mine === undefined || theirs === undefined ? [] : [{ group: String(i), value: mine - theirs }];
    });
  });
  return values.length === 0 ? undefined : bootstrapMean(values);
}

export const LENGTH_HEAD = [
  'judge',
  'seeds',
  'nats for e times as long',
  'right before',
  'right after',
  'longer better: before, after',
  'shorter better: before, after',
  'longer wins: before, after',
  'cross-entropy before, calibrated',
];

export function lengthLine({ name }, rows) {
  const told = rows.filter(({ result }) => result.equal.refused === undefined);
  if (told.length === 0) return [[name, seedsOf(rows), 'refused', '', '', '', '', '', '']];
  const both = (key, show = percent) =>
    ['before', 'after']
      .map((when) =>
        orNone(
          meanOver(told, ({ equal }) => equal[when][key]),
          show,
        ),
      )
      .join(', ');
  return [
    [
      name,
      seedsOf(told),
      span(
        over(told, ({ equal }) => equal.coefficient),
        number,
      ),
      span(over(told, ({ equal }) => equal.before.accuracy)),
      span(over(told, ({ equal }) => equal.after.accuracy)),
      both('longerBetter'),
      both('shorterBetter'),
      both('longerWins'),
      both('crossEntropy', (nats) => nats.toFixed(3)),
    ],
  ];
}

export const ATTACK_HEAD = ['judge', 'seeds', 'right', 'attacks turn', 'no attack turns', 'turned most by'];

export function attackLine({ name }, rows) {
  const told = rows.filter(({ result }) => result.attacks !== undefined);
  if (told.length === 0) return [];
  const kinds = Object.keys(told[0].result.attacks.kinds).map((kind) => ({
    kind,
    value: meanOver(told, ({ attacks }) => attacks.kinds[kind]),
  }));
  const most = kinds
    .filter(({ value }) => value !== undefined)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, 2);
  return [
    [
      name,
      seedsOf(told),
      meanOver(told, ({ attacks }) => attacks.right).toFixed(0),
      span(over(told, ({ attacks }) => attacks.attacks)),
      span(over(told, ({ attacks }) => attacks.control)),
      most.map(({ kind, value }) => `${kind} ${percent(value)}`).join(', '),
    ],
  ];
}

export const ANSWER_HEAD = [
  'model',
  'seeds',
  'wins',
  'at equal lengths',
  'always the longer',
  'characters, of the other',
  'cut',
];

export function answerLine({ name }, rows) {
  const told = rows.filter(({ result }) => result.answers !== undefined);
  if (told.length === 0) return [];
  const plain = (key, show) => meanOver(told, ({ answers }) => answers[key])?.toFixed(show) ?? '';
  return [
    [
      name,
      seedsOf(told),
      span(over(told, ({ answers }) => answers.win)),
      span(over(told, ({ answers }) => answers.lengthControlled)),
      share(meanOver(told, ({ answers }) => answers.alwaysLonger)),
      `${plain('characters', 0)}, ${plain('otherCharacters', 0)}`,
      share(meanOver(told, ({ answers }) => answers.cut)),
    ],
  ];
}
