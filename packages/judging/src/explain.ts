import { sampleAnswers } from '@selfjudge/engine/internal';
import { QuestionFormat } from './format.js';
import { ORDERS, type JudgePair, type Order } from './pair.js';
import type { TokenJudge } from './tokenJudge.js';
import { tokenEvidence, type Verdict, type Vote } from './verdict.js';

export interface ExplainOptions {
  /** Tokens of a rationale at most, the end token included. */
  maxNewTokens: number;
  signal?: AbortSignal;
}

/** What a judge says after its verdict. */
export interface Explanation {
  /** As it stands behind the verdict, white space around it dropped; null where there is none. */
  text: string | null;
  /** The order it was said in: what it calls A is the answer shown first. */
  order: Order;
  /**
   * `length`: cut at maxNewTokens; `no-room`: question and rationale do not fit the model's context; `error`: a probability was
   * not a number.
   */
  finish: 'eos' | 'length' | 'no-room' | 'error';
}

/**
 * Reasons for verdicts: the model goes on after its verdict token, which is where rationales are trained (`judgeSequences`), with
 * the likeliest token each. Of its two orders the first that names the winner goes on.
 *
 * @param verdicts what the judge said, one a pair
 * @returns one a question of each pair; undefined where the vote names no winner
 */
export async function explainVerdicts(
  { view, tokenizer, template }: TokenJudge,
  pairs: readonly JudgePair[],
  verdicts: readonly Verdict[],
  { maxNewTokens, signal }: ExplainOptions,
): Promise<(Explanation | undefined)[][]> {
  const format = QuestionFormat.of(template, tokenizer);
  const votesOn = verdicts.map((verdict) => tokenEvidence(verdict)?.votes ?? []);
  const asked = pairs.flatMap((pair, index) =>
    votesOn[index].flatMap((vote, question) => {
      const order = orderOf(vote);
      if (order === undefined) return [];
      // Whoever is shown first is called A.
      const named = (vote.winner === 'a') === (order === 'ab') ? 'a' : 'b';
      const ids = [...format.ids(format.render(pair, order, question)), format.verdicts(question)[named]];
      return [{ index, question, order, ids }];
    }),
  );
  const room = view.model.config.maxPositions - maxNewTokens;
  const fitting = asked.filter(({ ids }) => ids.length <= room);
  const said = votesOn.map((votes) => votes.map((): Explanation | undefined => undefined));
  for (const { index, question, order } of asked)
    said[index][question] = { text: null, order, finish: 'no-room' };
  if (fitting.length === 0) return said;
  const prompts = fitting.map(({ ids }) => ids);
  const sampled = await sampleAnswers(view, tokenizer, prompts, { maxNewTokens, temperature: 0, signal });
  fitting.forEach(({ index, question, order }, i) => {
    const [{ text, finish }] = sampled[i];
    said[index][question] = { text: finish === 'error' ? null : text.trim(), order, finish };
  });
  return said;
}

/** The first order that names the winner of a vote: one of the two does. */
function orderOf({ winner, orders }: Vote): Order | undefined {
  if (winner === null || winner === 'tie') return undefined;
  return ORDERS.find((order, i) => {
    const { pA, pB } = orders[i];
    return (winner === 'a') === (order === 'ab') ? pA > pB : pB > pA;
  });
}
