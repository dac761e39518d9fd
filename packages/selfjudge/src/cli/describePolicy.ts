import type { PolicyEvaluation } from '../inference/policyEvaluation.js';
import { interval, table } from './table.js';

/** How a policy fares, as a person reads it. */
export function describePolicy(evaluation: PolicyEvaluation): string {
  const { judge, writers, winRate: w, alpacaEval, verdicts, texts } = evaluation;
  const { positionConsistency, firstRate } = verdicts;
  const rows = [
    ['win rate', w.rate],
    ['length-controlled', w.lengthControlled],
    ['always the longer', w.alwaysLonger],
    ['both orders agree', positionConsistency],
    ['first shown wins', firstRate],
  ] as const;
  const lines = rows.flatMap(([name, of]) =>
    of === undefined || of.n === 0 ? [] : [[name, interval(of), String(of.n)]],
  );
  const { answers, against } = texts;
  const text = (name: string, of: (texts: typeof answers) => number, digits = 3) => [
    name,
    of(answers).toFixed(digits),
    of(against).toFixed(digits),
  ];
  return [
    `A: ${writers[0]}\nB: ${writers[1]}\n\nA against B, by ${judge}`,
    table(['', 'value [95%]', 'n'], lines),
    `${w.wins} wins, ${w.losses} losses, ${w.ties} ties, ${w.errors} without verdict`,
    `as AlpacaEval counts: ${alpacaEval.winRate.toFixed(2)}% by probabilities (standard error ${alpacaEval.standardError.toFixed(2)}), ` +
      `${alpacaEval.discreteWinRate.toFixed(2)}% by verdicts${controlled(alpacaEval)}\n`,
    table(
      ['answers', 'A', 'B'],
      [
        text('characters', (of) => of.characters, 1),
        text('words', (of) => of.words, 1),
        text('distinct words', (of) => of.distinct1),
        text('distinct pairs of words', (of) => of.distinct2),
        text('repeated 4-grams', (of) => of.repetition),
        text('refusals', (of) => of.refusals.value),
        text('empty', (of) => of.empty.value),
      ],
    ),
  ].join('\n');
}

const controlled = ({ lengthControlled: of }: PolicyEvaluation['alpacaEval']): string =>
  of === undefined
    ? ''
    : `, ${of.winRate.toFixed(2)}% length-controlled (standard error ${of.standardError.toFixed(2)})`;
