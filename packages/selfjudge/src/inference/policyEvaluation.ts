import { columnOf, isStandard, messagesOf, promptColumns } from '@selfjudge/data/internal';
import type { Text } from '@selfjudge/data';
import {
  alpacaEvalRates,
  answerTexts,
  verdictSummary,
  winRateOf,
  type AlpacaEvalRates,
  type AnswerTexts,
  type VerdictSummary,
} from '@selfjudge/evaluation/internal';
import type { Verdict } from '@selfjudge/judging';
import { tokenEvidence } from '@selfjudge/judging/internal';
import type { PolicyRow, PolicyRows } from './answerFiles.js';
import { controlledRate, type GamedTable } from './gamedTable.js';

/** The file of an evaluation in its folder. */
export const POLICY_RESULT = 'policy.json';

/** How a policy's answers fare against others. */
export interface PolicyEvaluation {
  kind: 'policy';
  judge: string;
  files: [answers: string, against: string];
  /** Who wrote them, as the files say, else the files. */
  writers: [a: string, b: string];
  winRate: ReturnType<typeof winRateOf>;
  /** Of its probabilities, in percent: what AlpacaEval 2 prints of an annotator that gives them. */
  alpacaEval: AlpacaEvalRates & { lengthControlled?: Pick<AlpacaEvalRates, 'winRate' | 'standardError'> };
  verdicts: VerdictSummary;
  texts: { answers: AnswerTexts; against: AnswerTexts };
  /** Prompt by prompt, as `compare` takes them. */
  samples: { answer: string; baseline: string; winners: { outsideJudge: Verdict['winner'] } }[];
}

/** @param verdicts one a row, of a judge whose answer a is the policy's */
export function policyEvaluation(
  { rows, writers }: PolicyRows,
  verdicts: readonly Verdict[],
  { judge, files, gamed }: { judge: string; files: [string, string]; gamed?: GamedTable },
): PolicyEvaluation {
  const preferences = verdicts.map(preferenceOf);
  const pairs = rows.map(({ value }) => value!.completions);
  return {
    kind: 'policy',
    judge,
    files,
    writers: [writers[0] ?? files[0], writers[1] ?? files[1]],
    winRate: winRateOf(
      verdicts.map(({ winner }) => winner),
      pairs.map(([a, b]) => [a.length, b.length]),
    ),
    alpacaEval: {
      ...alpacaEvalRates(preferences.map((preference) => ({ preference }))),
      ...(gamed !== undefined && { lengthControlled: controlledRate(gamed, { rows }, preferences) }),
    },
    verdicts: verdictSummary(verdicts.map((verdict) => ({ verdict }))),
    texts: { answers: answerTexts(pairs.map(([a]) => a)), against: answerTexts(pairs.map(([, b]) => b)) },
    samples: rows.map(({ value }, i) => ({
      ...promptColumns(value!.prompt),
      answer: value!.completions[0],
      baseline: value!.completions[1],
      winners: { outsideJudge: verdicts[i].winner },
    })),
  };
}

/** AlpacaEval's: 1 for the baseline to 2 for the policy. */
const preferenceOf = ({ winner, probability }: Verdict): number => (winner === null ? NaN : 1 + probability);

/** The same verdicts as AlpacaEval's annotations, of which the baseline is the first. */
export const alpacaAnnotations = (
  { rows }: PolicyRows,
  verdicts: readonly Verdict[],
  { writers: [model, baseline], judge }: PolicyEvaluation,
): object[] =>
  rows.map(({ value }, i) => {
    const preference = preferenceOf(verdicts[i]);
    return {
      instruction: instructionOf(value!.prompt),
      output_1: value!.completions[1],
      generator_1: baseline,
      output_2: value!.completions[0],
      generator_2: model,
      annotator: judge,
      preference: Number.isNaN(preference) ? null : preference,
    };
  });

/** And as FastChat's pairwise judgments, a game an order; of questions that have a number there. */
export function fastChatJudgments(
  { rows }: PolicyRows,
  verdicts: readonly Verdict[],
  { writers: [model, baseline], judge }: PolicyEvaluation,
): object[] {
  return rows.flatMap(({ questionId }: PolicyRow, i) => {
    if (questionId === undefined) return [];
    const [g1, g2] = gamesOf(verdicts[i]);
    return [
      {
        question_id: questionId,
        model_1: model,
        model_2: baseline,
        g1_winner: g1,
        g2_winner: g2,
        judge: [judge, 'pair'],
        turn: 1,
      },
    ];
  });
}

type Game = 'model_1' | 'model_2' | 'tie' | 'error';

/** Who wins with each answer shown first; where a judge shows no orders, both are its verdict. */
function gamesOf(verdict: Verdict): [Game, Game] {
  const named = (a: number, b: number): Game => (a === b ? 'tie' : a > b ? 'model_1' : 'model_2');
  const { winner } = verdict;
  const evidence = tokenEvidence(verdict);
  if (winner === null) return ['error', 'error'];
  if (evidence === undefined || evidence.votes.length !== 1) {
    const game = winner === 'tie' ? 'tie' : winner === 'a' ? 'model_1' : 'model_2';
    return [game, game];
  }
  const [ab, ba] = evidence.orders;
  return [named(ab.pA, ab.pB), named(ba.pB, ba.pA)];
}

/** A prompt as one text: AlpacaEval's instructions are one user's turn. */
function instructionOf(prompt: Text): string {
  if (typeof prompt === 'string' || isStandard(prompt)) return String(columnOf(prompt));
  const messages = messagesOf(prompt);
  return messages.map(({ content }) => String(content)).join('\n\n');
}
