import { describe, expect, it } from 'vitest';
import { PRINCIPLES } from './facts.js';
import { gold } from './gold.js';
import { makePairs, shuffleLabels, voteLabels } from './pairs.js';
import { allPrompts } from './prompts.js';

const prompts = new Map(allPrompts().map((prompt) => [prompt.text, prompt]));
const pairs = (noise: number, count = 4000) => makePairs(allPrompts(), { count, noise, seed: 7 });
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

  it('bring true reasons, each with its own answer', () => {
    for (const { prompt, chosen, rejected, rationales } of pairs(0.25, 200)) {
      const [a, b] = [chosen, rejected].map((answer) => gold(prompts.get(prompt as string)!, answer));
      for (const principle of PRINCIPLES)
        expect(rationales![principle]).toEqual({
          chosen: a.reasons[principle],
          rejected: b.reasons[principle],
        });
      expect(Object.values(a.reasons)).toContain((rationales!.overall as { chosen: string }).chosen);
    }
  });

  it('vote: the majority of five labels is less noisy than one', () => {
    const noisy = pairs(0.25);
    const voted = voteLabels(noisy);
    const right = (of: Pair[]) => share(of.map((pair) => ahead(pair).overall > 0));
    expect(right(voted)).toBeGreaterThan(right(noisy) + 0.05);
    expect(voted.every(({ labels }) => labels!.overall === 'chosen')).toBe(true);
    voted.forEach((pair, i) =>
      expect(new Set([pair.chosen, pair.rejected])).toEqual(new Set([noisy[i].chosen, noisy[i].rejected])),
    );
  });

  it('shuffled labels mean nothing, and reasons stay with their answers', () => {
    const random = shuffleLabels(pairs(0), 1);
    expect(share(random.map((pair) => ahead(pair).overall > 0))).toBeCloseTo(0.5, 1.3);
    for (const principle of PRINCIPLES)
      expect(share(random.map(({ labels }) => labels![principle] === 'chosen'))).toBeCloseTo(0.5, 1.3);
    const { prompt, chosen, rationales } = random.find(({ chosen }, i) => chosen !== pairs(0)[i].chosen)!;
    const { reasons } = gold(prompts.get(prompt as string)!, chosen);
    expect((rationales!.honesty as { chosen: string }).chosen).toBe(reasons.honesty);
  });
});
