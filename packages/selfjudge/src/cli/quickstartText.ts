import type { Estimate } from '@selfjudge/evaluation';
import { SLOTS } from '../world/facts.js';
import type { JudgeScore } from '../world/measure.js';
import type { Comparison, Contender, Example, WorldReport } from '../world/report.js';
import type { SignalPoint } from '../world/phase.js';
import type { QuickstartResult } from '../world/resultFile.js';
import { duration } from './progress.js';
import { table } from './table.js';

/** The result of a quickstart as a person reads it, at most 100 columns wide. */
export function describe(result: QuickstartResult, heading: (text: string) => string): string {
  const { judge, contenders, comparisons, bestOf, curve, examples, seconds, outputDir } = result;
  const total = Object.values(seconds).reduce((a, b) => a + b, 0);
  const kept = contenders.find(({ name }) => name === 'SELF-JUDGE')?.step ?? 0;
  return [
    heading('The judge'),
    `JSFT names the better of two of its own answers to held-out prompts in ${percent(judge.start.accuracy)}`,
    `of ${judge.start.accuracy.n} pairs (a coin: 50%). It stays as it is while the policy learns to please it:`,
    judgeTable(judge),
    '',
    heading('Self-training, watched by its own judge on dev prompts (* the policy kept)'),
    curveTable(curve, kept),
    '',
    heading('Held-out prompts, scored by the exact rules of the world'),
    contenderTable(contenders),
    '',
    'gold: exact score, 0 to 1. perfect: answers without a fault. win: over answers of JSFT, ties half.',
    "KL: nats an answer from JSFT. step: the policy kept, chosen on dev prompts by JSFT's own judgments.",
    '95% intervals are over held-out prompts; the noise of training is not in them: another --seed',
    'shows it.',
    '',
    heading('What answers are scored on, one by one'),
    slotTable(contenders),
    '',
    heading('The best of many answers, by a tournament of the same judge'),
    bestOfTable(bestOf),
    '',
    'held to the start: the judge, + 0.1 x the log-probability of the answer under JSFT.',
    '',
    heading('What the numbers say'),
    ...verdict(comparisons),
    '',
    heading(
      'The first held-out prompts, each of another category, whose two answers differ by a third and more',
    ),
    ...examples.flatMap(exampleLines),
    '',
    heading('Run folder'),
    `${outputDir} (models in sft, jsft, self-train, dpo; numbers in summary.json), ${duration(total)}`,
    `try: pnpm selfjudge generate -m ${outputDir}/self-train --dtype float32 --best_of 8 \\`,
    '       --prompt "List three fruits in alphabetical order. Use bullets."',
  ].join('\n');
}

function judgeTable({ base, start, end }: QuickstartResult['judge']): string {
  return table(
    ['on pairs of answers of', 'right [95%]', 'names the longer', 'the longer is better'],
    [
      ['JSFT, by the base before labels', base],
      ['JSFT', start],
      ['SELF-JUDGE', end],
    ].map(([name, score]) => {
      const { accuracy, picksLonger, longerIsBetter } = score as JudgeScore;
      return [name as string, short(accuracy), picksLonger.toFixed(2), longerIsBetter.toFixed(2)];
    }),
  );
}

const slotTable = (contenders: readonly Contender[]) =>
  table(
    ['', ...SLOTS],
    contenders.map(({ name, score }) => [name, ...SLOTS.map((slot) => score.slots[slot].toFixed(2))]),
  );

function bestOfTable(policies: WorldReport['bestOf']): string {
  const lines = policies.map(({ name, rows: [one, best] }) => [
    name,
    short(one.plain),
    short(best.plain),
    short(best.held),
  ]);
  return table(['gold [95%]', 'one answer', 'best, by the judge', 'held to the start'], lines);
}

const percent = ({ value, low, high }: Estimate) =>
  `${(100 * value).toFixed(1)}% [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;

function curveTable(curve: readonly SignalPoint[], kept: number): string {
  return table(
    ['step', ...curve.map(({ step }) => `${step}${step === kept ? '*' : ''}`)],
    [
      ['wins against its start', ...curve.map(({ winRate }) => winRate.toFixed(2))],
      ['KL', ...curve.map(({ kl }) => kl.toFixed(2))],
    ],
  );
}

function contenderTable(contenders: readonly Contender[]): string {
  return table(
    ['', 'gold [95%]', 'perfect [95%]', 'win [95%]', 'KL', 'tokens', 'step'],
    contenders.map(({ name, score, kl, step }) => [
      name,
      short(score.gold),
      short(score.perfect),
      short(score.win),
      kl.toFixed(2),
      score.tokens.toFixed(1),
      String(step),
    ]),
  );
}

/** A share with its interval in 15 characters at most: "0.63 [.60 .66]". */
const short = ({ value, low, high }: Estimate) => `${value.toFixed(2)} [${bound(low)} ${bound(high)}]`;
const bound = (x: number) => x.toFixed(2).replace(/^0/, '').replace('1.00', '1.0');

const signed = (x: number) => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(3)}`;
const signedInterval = ({ value, low, high }: Estimate) =>
  `${signed(value)} [${signed(low)}, ${signed(high)}]`;

/** Whether 0 is outside the interval of a difference, and on which side. */
const side = ({ low, high }: Estimate): -1 | 0 | 1 => (low > 0 ? 1 : high < 0 ? -1 : 0);

const OUTCOMES = [
  [1, 'beats'],
  [-1, 'loses to'],
  [0, 'ties with'],
] as const;

/** The differences, and sentences that follow from them alone. */
function verdict(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map(({ against, gold, win }) => [
    `SELF-JUDGE minus ${against}`,
    signedInterval(gold),
    signedInterval(win),
  ]);
  const sentence = (by: 'gold' | 'win', what: string) => {
    const parts = OUTCOMES.flatMap(([outcome, verb]) => {
      const names = comparisons.filter((c) => side(c[by]) === outcome).map(({ against }) => against);
      return names.length > 0 ? [`${verb} ${listed(names)}`] : [];
    });
    return `SELF-JUDGE, by ${what}: ${parts.join('; ')}.`;
  };
  return [
    table(['difference on the same prompts', 'gold [95%]', 'win [95%]'], rows),
    '',
    sentence('gold', 'exact score'),
    sentence('win', 'wins over JSFT'),
    '(beats, loses to: the 95% interval of the difference excludes 0; ties with: it holds 0)',
  ];
}

/** a, b and c. */
const listed = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

const exampleLines = ({ prompt, before, after }: Example): string[] => [
  prompt,
  `  JSFT        ${before.gold.toFixed(2)}  ${before.text}`,
  `  SELF-JUDGE  ${after.gold.toFixed(2)}  ${after.text}`,
];
