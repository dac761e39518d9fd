import { SLOTS } from '../packages/selfjudge/dist/world/facts.js';
import { quickstartDefaults } from '../packages/selfjudge/dist/world/quickstart.js';
import { ladderOf, VOTE } from '../packages/selfjudge/dist/world/testbed/ladder.js';
import { overSeeds, publish } from './seeds.mjs';
import { holm, interval, percent, plain, span, table } from './statistics.mjs';

const SCORING = ['outputDir', 'testPrompts', 'samples', 'bestOf', 'bestOfPrompts'];
/** Of the quickstart's options those of the world: what a test is scored on is the testbed's own. */
export const worldOptions = (options) =>
  Object.fromEntries(Object.entries(options).filter(([key]) => !SCORING.includes(key)));

/** Every way to learn from the same labels, over seeds. @returns true: whatever it says, it is said */
export async function ladder({ root, seeds }) {
  const options = worldOptions(quickstartDefaults);
  const rows = await overSeeds({ root, seeds, name: 'ladder', options, of: ladderOf });
  const page = `# Who judges, and whose answers

\`pnpm testbed\`: ${options.pairs} labelled pairs with ${percent(options.labelNoise)} wrong labels, ${options.steps} steps of self-training on prompts that
nobody labelled, seeds ${seeds.join(', ')}. Held-out prompts, scored once by the exact rules of the world; every choice before was made on dev prompts by
the frozen judge itself. Mean and 95% interval over seeds, by Student's t; p after Holm over the rows of a table.

${losses(rows)}

## Ways to train

${trained(rows)}

gold: exact score, 0 to 1. perfect: answers without a fault. KL: nats an answer from JSFT. surplus: items named less items asked for.

## Slot by slot

${slots(rows)}

## How far the frozen judge can be believed

On pairs of answers of each policy: how often it names the better one, how often it names the longer one, and how often that is the better.

${judged(rows)}

## The best of N answers

Chosen by knock-out of the frozen judge, alone and with 0.1 of the log-probability under the start.

${bestOf(rows)}

## What the paper claims

${claims(rows)}
`;
  publish('testbed', page, { options, rows });
  return true;
}

const names = (rows) => rows[0].rungs.map(({ name }) => name);
/** A figure of a way to train, of each seed. */
const of = (rows, name, pick) => rows.map(({ rungs }) => pick(rungs.find((rung) => rung.name === name)));
const over = (rows, name, pick) => interval(of(rows, name, pick));
const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const overVote = (rows, name) => over(rows, name, ({ overVote }) => overVote.value);

function trained(rows) {
  const others = names(rows).filter((name) => name !== VOTE);
  const ps = holm(others.map((name) => overVote(rows, name).p));
  return table(
    ['', 'gold', `less ${VOTE}`, 'p', 'perfect', 'win over JSFT', 'KL', 'tokens', 'surplus'],
    names(rows).map((name) => {
      const mean = (pick, digits) => average(of(rows, name, pick)).toFixed(digits);
      const at = others.indexOf(name);
      return [
        name,
        plain(over(rows, name, ({ gold }) => gold)),
        at < 0 ? '' : span(overVote(rows, name)),
        at < 0 ? '' : ps[at].toFixed(3),
        mean(({ perfect }) => perfect, 3),
        mean(({ win }) => win, 2),
        mean(({ kl }) => kl, 2),
        mean(({ tokens }) => tokens, 1),
        mean(({ surplus }) => surplus, 2),
      ];
    }),
  );
}

const slots = (rows) =>
  table(
    ['', ...SLOTS],
    names(rows).map((name) => [
      name,
      ...SLOTS.map((slot) => average(of(rows, name, ({ slots }) => slots[slot])).toFixed(2)),
    ]),
  );

const judged = (rows) =>
  table(
    ['answers of', 'right', 'names the longer', 'the longer is better'],
    [
      ['JSFT, by the base before any label', rows.map(({ baseJudge }) => baseJudge)],
      ...names(rows).map((name) => [name, of(rows, name, ({ judge }) => judge)]),
    ].map(([name, scores]) => [
      name,
      plain(interval(scores.map(({ accuracy }) => accuracy.value))),
      average(scores.map(({ picksLonger }) => picksLonger)).toFixed(2),
      average(scores.map(({ longerIsBetter }) => longerIsBetter)).toFixed(2),
    ]),
  );

/** Of a policy, N and a judge: gold of each seed. */
const best = (rows, policy, n, by) =>
  rows.map(
    ({ bestOf }) => bestOf.find(({ name }) => name === policy).rows.find((row) => row.n === n)[by].value,
  );

function bestOf(rows) {
  const counts = rows[0].bestOf[0].rows.map(({ n }) => n);
  const lines = rows[0].bestOf.flatMap(({ name }) =>
    [
      ['the judge', 'plain'],
      ['+ reference', 'held'],
    ].map(([by, key]) => [name, by, ...counts.map((n) => plain(interval(best(rows, name, n, key))))]),
  );
  return table(['policy', 'by', ...counts.map((n) => `N = ${n}`)], lines);
}

/** In how many cells a default loses: what a user must be able to rely on. */
function losses(rows) {
  const cells = { plain: [0, 0], held: [0, 0] };
  for (const { bestOf } of rows)
    for (const { rows: counts } of bestOf) {
      const [one, ...more] = counts;
      for (const row of more)
        for (const by of ['plain', 'held']) {
          cells[by][1]++;
          if (row[by].value < one[by].value) cells[by][0]++;
        }
    }
  const below = (name) => {
    const start = of(rows, 'JSFT', ({ gold }) => gold);
    return of(rows, name, ({ gold }) => gold).filter((gold, i) => gold < start[i]).length;
  };
  return `**What loses.** Best-of-N below one answer of the same policy: ${cells.plain[0]} of ${cells.plain[1]} cells by the judge alone, ${cells.held[0]} of
${cells.held[1]} held to the start. Self-training below its start: ${below('SELF-JUDGE')} of ${rows.length} seeds by the judge alone, ${below('SELF-JUDGE + reference')} of
${rows.length} held to the start.`;
}

/** One line a claim: what the interval over seeds says. */
function claims(rows) {
  const minus = (a, b, pick = ({ gold }) => gold) => {
    const [left, right] = [of(rows, a, pick), of(rows, b, pick)];
    return interval(left.map((x, i) => x - right[i]));
  };
  const bestOver = (policy, n, by) => {
    const one = best(rows, policy, 1, by);
    return interval(best(rows, policy, n, by).map((x, i) => x - one[i]));
  };
  const said = [
    [
      "Self-training by one's own judgments improves the policy (SELF-JUDGE less JSFT)",
      minus('SELF-JUDGE', 'JSFT'),
    ],
    ['It is better than DPO on the labels that the judge learnt from', minus('SELF-JUDGE', VOTE)],
    [
      'It is better than DPO on the same pairs relabelled by the judge: own answers matter',
      minus('SELF-JUDGE', 'judge, offline'),
    ],
    ['To judge as well costs the policy nothing (JSFT less SFT)', minus('JSFT', 'SFT')],
    [
      'The best of 16 of its answers is better than one (self-rejection)',
      bestOver('SELF-JUDGE', 16, 'plain'),
    ],
    [
      'Ours: held to the start, the best of 16 is better than by the judge alone',
      interval(
        best(rows, 'SELF-JUDGE', 16, 'held').map((x, i) => x - best(rows, 'SELF-JUDGE', 16, 'plain')[i]),
      ),
    ],
    [
      'Ours: self-training held to the start is better than without',
      minus('SELF-JUDGE + reference', 'SELF-JUDGE'),
    ],
    [
      'With a judge that is always right, own answers are better than the labelled ones',
      minus('gold, on-policy', 'gold, offline'),
    ],
  ];
  const word = ({ low, high }) => (low > 0 ? 'holds' : high < 0 ? 'does not hold' : 'undecided');
  return table(
    ['claim', 'here', 'difference in gold'],
    said.map(([claim, difference]) => [claim, word(difference), span(difference)]),
  );
}
