import { mean } from '@selfjudge/base/internal';
import { voteOf, type Vote } from '@selfjudge/judging/internal';
import type { SequenceGroup } from '@selfjudge/engine';

/** What a measure of a judge example is told by. */
export interface LabelledSides {
  /** Of each question, the better answer; `a` is the chosen one. */
  labels: readonly ('a' | 'b')[];
  /** Characters of both answers. */
  lengths: readonly [chosen: number, rejected: number];
}

/** What the judge says of a labelled pair: `a` is the answer that the row calls chosen. */
export interface JudgedPair {
  id: string;
  /** Characters of the chosen and of the rejected answer, where they are known. */
  lengths?: readonly [chosen: number, rejected: number];
  /** One a question, with the answer that its label names. */
  votes: { label: 'a' | 'b'; vote: Vote }[];
}

/**
 * What the judge says of each example with verdicts, from both orders of each question.
 * @param logp of each label of the examples' tree: of a sequence its targets, then its candidates
 */
export function judgedPairs(
  examples: readonly (SequenceGroup & { id: string; judged?: LabelledSides })[],
  logp: Float32Array,
): JudgedPair[] {
  let at = 0;
  return examples.flatMap(({ id, sequences, judged }) => {
    const asked = sequences.flatMap(({ targets = [], candidates = [] }) => {
      const right = Math.exp(logp[at]);
      at += targets.reduce((sum, [start, end]) => sum + end - start, 0);
      const other = Math.exp(logp[at]);
      at += candidates.reduce((sum, { labels }) => sum + labels.length, 0);
      return candidates.length === 0 ? [] : [{ right, other }];
    });
    if (asked.length === 0) return [];
    const votes = Array.from({ length: asked.length / 2 }, (_, question) => {
      const [ab, ba] = asked.slice(2 * question);
      const label = judged?.labels[question] ?? 'a';
      // Who is shown first is called A: of the order ab answer a.
      const isA = label === 'a';
      const probabilities = (first: boolean, { right, other }: typeof ab) =>
        first ? { pA: right, pB: other } : { pA: other, pB: right };
      return { label, vote: voteOf('', probabilities(isA, ab), probabilities(!isA, ba)) };
    });
    return [{ id, ...(judged && { lengths: judged.lengths }), votes }];
  });
}

/** Share of the questions of a pair whose labelled answer the judge names; a tie counts half, no verdict as another answer. */
export const rightOf = ({ votes }: JudgedPair): number =>
  mean(votes.map(({ label, vote: { winner } }) => (winner === 'tie' ? 0.5 : Number(winner === label))));

/** As it is written down: of each question the label and the probabilities [A, B], `ab` with the chosen answer shown first. */
export const judgedRow = ({ id, lengths, votes }: JudgedPair): object => ({
  id,
  ...(lengths && { lengths }),
  votes: votes.map(({ label, vote: { orders } }) => {
    const [ab, ba] = orders.map(({ pA, pB }) => [pA, pB].map((p) => Number(p.toPrecision(6))));
    return { label: label === 'a' ? 'chosen' : 'rejected', ab, ba };
  }),
});
