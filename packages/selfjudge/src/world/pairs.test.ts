import { describe, expect, it } from 'vitest';
import { PRINCIPLES } from './facts.js';
import { gold } from './gold.js';
import { goldLabels, makePairs, shuffleLabels, voteLabels } from './pairs.js';
import { allPrompts, promptsByText } from './prompts.js';

const prompts = promptsByText();
const writers = { care: 'careless', careBy: 'principle', modal: 'right' } as const;
const pairs = (noise: number, count = 4000, sharedNoise = 0) =>
  makePairs(allPrompts(), { count, noise, sharedNoise, writers, seed: 7 });
type Pair = ReturnType<typeof pairs>[number];
const ahead = ({ prompt, chosen, rejected }: Pair) => {
  const [a, b] = [chosen, rejected].map((answer) => gold(prompts.get(prompt as string)!, answer));
  return { overall: a.score - b.score, principles: PRINCIPLES.map((p) => a.principles[p] - b.principles[p]) };
};
const share = (items: readonly boolean[]) => items.filter(Boolean).length / items.length;

describe('pairs', () => {
  it('have no ties, and true labels without noise', () => {
    for (const pair of pairs(0, 1000)) {
      const { overall, principles } = ahead(pair);
      expect(overall).toBeGreaterThan(0);
      // A tie on a principle takes the overall label.
      PRINCIPLES.forEach((principle, i) =>
        expect(pair.labels![principle]).toBe(principles[i] < 0 ? 'rejected' : 'chosen'),
      );
      expect(pair.labels!.overall).toBe('chosen');
    }
  });

  it('have each of their five labels flipped by itself', () => {
    const noisy = pairs(0.25);
    const overall = noisy.map((pair) => ahead(pair).overall < 0);
    const first = noisy.map((pair) => {
      const { overall, principles } = ahead(pair);
      const truth = principles[0] === 0 ? overall : principles[0];
      return (pair.labels![PRINCIPLES[0]] === 'chosen') !== truth > 0;
    });
    // Standard errors: 0.007, and 0.008 for the flips that coincide.
    expect(share(overall)).toBeCloseTo(0.25, 1.5);
    expect(share(first)).toBeCloseTo(0.25, 1.5);
    expect(share(overall.map((flipped, i) => flipped && first[i]))).toBeCloseTo(0.25 ** 2, 1.5);
  });

  it('may have all their labels flipped together', () => {
    const misread = pairs(0, 4000, 0.3).map((pair) => {
      const { overall, principles } = ahead(pair);
      const wrong = PRINCIPLES.map(
        (principle, i) => (pair.labels![principle] === 'chosen') !== (principles[i] || overall) > 0,
      );
      expect(new Set([...wrong, overall < 0]).size).toBe(1);
      return overall < 0;
    });
    expect(share(misread)).toBeCloseTo(0.3, 1.5);
  });

  it('bring reasons that go with the label that was drawn', () => {
    let flipped = 0;
    for (const pair of pairs(0.25, 400)) {
      const { prompt, chosen, rejected, rationales, labels } = pair;
      const [a, b] = [chosen, rejected].map((answer) => gold(prompts.get(prompt as string)!, answer));
      const { overall, principles } = ahead(pair);
      PRINCIPLES.forEach((principle, i) => {
        const right = (labels![principle] === 'chosen') === (principles[i] || overall) > 0;
        const [ofChosen, ofRejected] = right ? [a, b] : [b, a];
        if (!right && a.reasons[principle] !== b.reasons[principle]) flipped++;
        expect(rationales![principle]).toEqual({
          chosen: ofChosen.reasons[principle],
          rejected: ofRejected.reasons[principle],
        });
      });
      const told = overall > 0 ? a : b;
      expect(Object.values(told.reasons)).toContain((rationales!.overall as { chosen: string }).chosen);
    }
    expect(flipped).toBeGreaterThan(100);
  });

  it("vote: the majority of the judge's labels is less noisy than one, and split ones stay out", () => {
    const noisy = pairs(0.25);
    const voted = voteLabels(noisy);
    const right = (of: Pair[]) => share(of.map((pair) => ahead(pair).overall > 0));
    expect(right(voted)).toBeGreaterThan(right(noisy) + 0.03);
    const before = new Map(noisy.map((pair) => [pair.id, pair]));
    expect(voted.length).toBeLessThan(noisy.length);
    for (const { id, chosen, rejected, labels } of voted) {
      const votes = PRINCIPLES.filter((principle) => labels![principle] === 'chosen').length;
      expect(votes).toBeGreaterThan(PRINCIPLES.length / 2);
      expect(new Set([chosen, rejected])).toEqual(
        new Set([before.get(id)!.chosen, before.get(id)!.rejected]),
      );
    }
  });

  it('by gold: the better one is chosen', () => {
    for (const pair of goldLabels(pairs(0.4, 300), prompts)) expect(ahead(pair).overall).toBeGreaterThan(0);
  });

  it('shuffled labels mean nothing, and reasons stay with their answers', () => {
    const random = shuffleLabels(pairs(0), 1);
    expect(share(random.map((pair) => ahead(pair).overall > 0))).toBeCloseTo(0.5, 1.3);
    for (const principle of PRINCIPLES)
      expect(share(random.map(({ labels }) => labels![principle] === 'chosen'))).toBeCloseTo(0.5, 1.3);
    const { prompt, chosen, rationales } = random.find(({ chosen }, i) => chosen !== pairs(0)[i].chosen)!;
    const { reasons } = gold(prompts.get(prompt as string)!, chosen);
    expect((rationales!.care as { chosen: string }).chosen).toBe(reasons.care);
  });
});
