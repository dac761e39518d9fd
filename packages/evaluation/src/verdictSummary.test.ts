import { verdictOf, voteOf, type TokenEvidence, type Verdict } from '@selfjudge/judging';
import { expect, it } from 'vitest';
import { wilson } from './estimate.js';
import { verdictSummary } from './verdictSummary.js';

type Order = [pA: number, pB: number];

/** A token judge's verdict by questions, each a pair of orders. */
function asked(...questions: [ab: Order, ba: Order][]): Verdict {
  const orders = questions.map(
    (both) => both.map(([pA, pB]) => ({ rendered: '', pA, pB })) as TokenEvidence['orders'],
  );
  return verdictOf(
    orders[0],
    orders.map(([ab, ba], i) => voteOf(`q${i}`, ab, ba)),
  );
}

const forA: Order = [0.8, 0.1];
const forB: Order = [0.1, 0.8];
const scored = (winner: Verdict['winner']): Verdict => ({ winner, scoreA: 1, scoreB: 0, probability: 0.7 });

it('counts ties half, leaves nulls out, and takes each pair as one observation', () => {
  const summary = verdictSummary([
    // Both orders name a: right. Then the same answer as a label b has it: wrong.
    { verdict: asked([forA, forB]), label: 'a' },
    { verdict: asked([forA, forB]), label: 'b' },
    // Twice the first shown: a tie, and a tie was labelled.
    { verdict: asked([forA, forA]), label: 'tie' },
    { verdict: asked([forA, forA]), label: 'a' },
    // Too little mass: no verdict.
    { verdict: asked([[1e-5, 1e-5], forB]), label: 'a' },
    { verdict: asked([forA, forB]) },
  ]);
  expect(summary.accuracy).toEqual(wilson(1 + 0 + 1 + 0.5, 4));
  expect(summary.ties).toEqual(wilson(2, 5));
  expect(summary.nulls).toEqual(wilson(1, 6));
  expect(summary.positionConsistency).toEqual(wilson(3, 5));
  expect(summary.firstRate).toEqual(wilson(0.5 * 3 + 1 * 2, 5));
});

it('a pair with several questions is still one pair', () => {
  const summary = verdictSummary([
    { verdict: asked([forA, forB], [forA, forA], [forA, forB], [forA, forB]) },
  ]);
  expect(summary.positionConsistency).toEqual(wilson(0.75, 1));
  expect(summary.firstRate).toEqual(wilson((3 * 0.5 + 1) / 4, 1));
});

it('says nothing that nothing tells: labels that are none, orders that nobody asked', () => {
  const summary = verdictSummary([{ verdict: scored('a') }, { verdict: scored(null) }]);
  expect(Object.keys(summary)).toEqual(['ties', 'nulls']);
  expect(summary.nulls).toEqual(wilson(1, 2));
  expect(verdictSummary([]).ties.n).toBe(0);
  // Labelled, but of the only verdict nobody knows.
  expect(verdictSummary([{ verdict: scored(null), label: 'a' }]).accuracy).toMatchObject({ n: 0 });
});
