// The figures of one row, from the files of its folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fitCalibration, winRateOf } from '../../packages/evaluation/dist/index.js';
import { pointsOf } from '../../packages/evaluation/dist/internal.js';
import { staying } from '../../packages/training/dist/internal.js';
import { verdictOfRow } from '../../packages/selfjudge/dist/internal.js';
import { readRows } from '../hh-smollm2/settings.mjs';

const first = (path) => readRows(path)[0];
/** A share without its interval; absent where nothing was counted. */
const value = (estimate) => estimate?.value;
const span = ({ value, low, high }) => ({ value, low, high });

/**
 * @param test the pairs that it was asked about
 * @param taught.lengths which of the pairs of the row teach, `seed` its seed
 */
export function figuresOf(folder, test, { lengths, seed }) {
  const file = (name) => join(folder, name);
  const has = (name) => existsSync(file(name));
  const { trust } = first(file('trust.json'));
  const verdicts = readRows(file('trust/verdicts.jsonl')).map(verdictOfRow);
  const pairs = readRows(test);
  if (verdicts.length !== pairs.length)
    throw new Error(`${folder}: expected ${pairs.length} verdicts, received ${verdicts.length}`);
  return {
    ...(has('train.jsonl') && { taught: teaching(readRows(file('train.jsonl')), lengths, seed) }),
    judge: judgeOf(trust),
    /** Of each pair: 1 where it is right, 0 where it is wrong, t for a tie, - without a verdict. */
    right: verdicts.map(({ winner }) => rightness(winner)).join(''),
    equal: atEqualLengths(verdicts, pairs),
    ...(has('attacks.json') && { attacks: attacksOf(first(file('attacks.json')).rates) }),
    ...(has('outside.json') && { outside: judgeOf(first(file('outside.json')).trust) }),
    ...(has('rewards.jsonl') && { answers: answersOf(readRows(file('rewards.jsonl'))) }),
  };
}

/** How many pairs teach, long ones too that max_length leaves out. */
const teaching = (rows, lengths, seed) =>
  staying(
    rows.map(({ chosen, rejected }) => ({ chosen: chosen.length, rejected: rejected.length })),
    lengths,
    seed,
  ).filter(Boolean).length;

const rightness = (winner) => (winner === null ? '-' : { 1: '1', 0.5: 't', 0: '0' }[pointsOf(winner, 'a')]);

const judgeOf = ({ pairs, accuracy, nulls, swapFlips, alwaysLonger, length, calibration }) => ({
  pairs,
  accuracy: span(accuracy),
  nulls: value(nulls),
  flips: value(swapFlips),
  alwaysLonger: value(alwaysLonger),
  longerBetter: value(length?.longerBetter),
  shorterBetter: value(length?.shorterBetter),
  longerWins: value(length?.longerWins),
  longerLabelled: value(length?.longerLabelled),
  calibrationError: calibration?.error,
});

/** What is left at equal lengths, by five folds of the test pairs; or why there is nothing to be said. */
function atEqualLengths(verdicts, pairs) {
  const known = verdicts.map((verdict, i) => ({
    verdict,
    label: 'a',
    lengths: [pairs[i].chosen.length, pairs[i].rejected.length],
  }));
  try {
    const { temperature, length, before, after } = fitCalibration(known, { byLength: true });
    const scores = ({ accuracy, longerBetter, shorterBetter, longerWins }) => ({
      accuracy: span(accuracy),
      longerBetter: longerBetter.value,
      shorterBetter: shorterBetter.value,
      longerWins: longerWins.value,
    });
    return {
      coefficient: span(length.coefficient),
      temperature: span(temperature),
      before: { ...scores(length.before), crossEntropy: before.crossEntropy },
      after: { ...scores(length.after), crossEntropy: after.crossEntropy },
    };
  } catch (error) {
    if (error.code !== 'SJ_WRONG_ARGUMENT') throw error;
    return { refused: error.message };
  }
}

const attacksOf = ({ pairs, right, control, attacks, kinds }) => ({
  pairs,
  right,
  control: span(control),
  attacks: span(attacks),
  kinds: Object.fromEntries(kinds.map(({ kind, flips }) => [kind, flips.value])),
});

/** Its answers against those of the model as it is, by the outside judge. */
function answersOf(rows) {
  if (!rows.every(({ reward, otherReward }) => Number.isFinite(reward) && Number.isFinite(otherReward)))
    throw new Error('an answer has no reward');
  const winners = rows.map(({ reward, otherReward }) =>
    reward === otherReward ? 'tie' : reward > otherReward ? 'a' : 'b',
  );
  const { rate, lengthControlled, alwaysLonger, meanLength } = winRateOf(
    winners,
    rows.map(({ completion, other }) => [completion.length, other.length]),
  );
  return {
    win: span(rate),
    lengthControlled: span(lengthControlled),
    alwaysLonger: alwaysLonger.value,
    characters: meanLength.a,
    otherCharacters: meanLength.b,
    cut: rows.filter(({ finish }) => finish === 'length').length / rows.length,
  };
}
