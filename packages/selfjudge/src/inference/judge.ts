import type { AnswerPair, Problem } from '@selfjudge/data';
import {
  TokenJudge,
  type CompareOptions,
  type Judge,
  type JudgeReasoning,
  type Verdict,
} from '@selfjudge/judging';
import {
  consult,
  explainVerdicts,
  tokenEvidence,
  type ExplainOptions,
  type Explanation,
} from '@selfjudge/judging/internal';
import { ONE_RANK, type Ranks } from '@selfjudge/engine/internal';
import { resolveTemplate } from '../models/judgeTemplate.js';
import type { OpenModel } from '../models/model.js';
import type { InputRow } from '../rows/rows.js';

/** A model as judge. @param template a shipped one's name, a file, or `auto`, the one beside the weights */
export const judgeOf = (
  opened: OpenModel,
  template: string,
  reasoning: JudgeReasoning | 'auto' = 'auto',
): TokenJudge => new TokenJudge(opened.view, opened.tokenizer, resolveTemplate(template, opened, reasoning));

/** p(A) + p(B) below which a verdict says little: the model hardly meant to say either. */
const LITTLE_MASS = 0.1;

/** What is worth knowing of verdicts whose two tokens hold little of the probability. */
export function massNote(verdicts: readonly Verdict[]): string | undefined {
  const ordersOf = (verdict: Verdict) => tokenEvidence(verdict)?.orders ?? [];
  const masses = verdicts.flatMap((verdict) => ordersOf(verdict).map(({ pA, pB }) => pA + pB));
  const little = verdicts.filter((verdict) => ordersOf(verdict).some(({ pA, pB }) => pA + pB < LITTLE_MASS));
  if (little.length === 0) return undefined;
  const none = little.filter(({ reason }) => reason === 'low-mass').length;
  const mean = masses.reduce((sum, mass) => sum + mass, 0) / masses.length;
  return (
    `${little.length} of ${verdicts.length} verdicts hold less than ${LITTLE_MASS} of the probability on their two ` +
    `tokens (mean ${mean.toPrecision(2)})${none > 0 ? `, ${none} of them too little to be one` : ''}: the model was not ` +
    'taught this judge_template'
  );
}

/** Rows judged at once: enough for whole trees, few enough that little is lost when the work is stopped. */
const PORTION = 32;

/**
 * Compares the two answers of each row, a portion of rows after the other. A row that cannot be used, or does not fit the model, is
 * an issue.
 * @param options.ranks who share a portion, each as much as one alone would take
 * @param options.maxPositions of the model that judges, for what is said of a pair that is too long
 * @returns the results of a portion, in the order of the rows
 */
export async function* judgeRows(
  judge: Judge,
  rows: readonly InputRow<AnswerPair>[],
  {
    maxPositions,
    ranks = ONE_RANK,
    onProgress,
    ...options
  }: CompareOptions & { maxPositions?: number; ranks?: Ranks },
): AsyncGenerator<InputRow<Verdict>[]> {
  const size = PORTION * ranks.size;
  for (let start = 0; start < rows.length; start += size) {
    const portion = rows.slice(start, start + size);
    const pairs = portion.flatMap(({ value }) => {
      if (value === undefined) return [];
      const { prompt, completions } = value;
      return [{ prompt, a: completions[0], b: completions[1] }];
    });
    const unusable = start + portion.length - pairs.length;
    const verdicts = await consult(judge, pairs, 'judge', {
      ...options,
      onProgress: (done) => onProgress?.(unusable + done, rows.length),
    });
    onProgress?.(start + portion.length, rows.length);
    const said = verdicts.values();
    yield portion.map(({ line, problem }) => {
      if (problem !== undefined) return { line, problem };
      const verdict = said.next().value as Verdict;
      const fault = faultOf(verdict, maxPositions);
      return fault === undefined ? { line, value: verdict } : { line, problem: fault };
    });
  }
}

/**
 * Reasons for verdicts on rows, as `explainVerdicts` gives them.
 * @returns one list a row, in order; empty where there is no verdict to explain
 */
export async function explainRows(
  judge: TokenJudge,
  rows: readonly InputRow<AnswerPair>[],
  results: readonly InputRow<Verdict>[],
  options: ExplainOptions,
): Promise<(Explanation | undefined)[][]> {
  const judged = results.flatMap(({ value: verdict }, i) => {
    const { value } = rows[i];
    if (verdict === undefined || value === undefined) return [];
    const [a, b] = value.completions;
    return [{ verdict, pair: { prompt: value.prompt, a, b } }];
  });
  const said = (
    await explainVerdicts(
      judge,
      judged.map(({ pair }) => pair),
      judged.map(({ verdict }) => verdict),
      options,
    )
  ).values();
  return results.map(({ value }) => (value === undefined ? [] : said.next().value!));
}

/** Why the judge could not be asked, or its figures are none; a verdict of too little mass is an answer of the model. */
function faultOf({ reason, detail }: Verdict, maxPositions?: number): Problem | undefined {
  switch (reason) {
    case 'no-score':
      return {
        code: 'prompt-too-long',
        reason: `${detail}: refused by the chat template, longer than the context, or not finite`,
      };
    case 'refused':
      return { code: 'refused', reason: detail ?? 'the chat template refuses the question' };
    case 'too-long':
      return {
        code: 'prompt-too-long',
        reason: `the judge's prompt is longer than the model's limit${maxPositions === undefined ? '' : ` of ${maxPositions} tokens`}`,
      };
    case 'not-finite':
      return { code: 'not-finite', reason: 'the probabilities of the verdicts are not numbers' };
    default:
      return undefined;
  }
}
