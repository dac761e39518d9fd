import { describe, expect, it } from 'vitest';
import { MEMBERS } from './facts.js';
import { allPrompts, corpusPrompts, splitPrompts } from './prompts.js';

describe('prompts', () => {
  const all = allPrompts();

  it('are all different, of more than 5,000 combinations, and each can be answered in full', () => {
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
    expect(new Set(all.map(({ key }) => key)).size).toBeGreaterThanOrEqual(5000);
    for (const { category, count, letter } of all)
      expect(MEMBERS[category].filter((word) => word[0] !== letter).length).toBeGreaterThanOrEqual(count);
  });

  it.each([1, 2, 3])('are split by combination (seed %i)', (seed) => {
    const { labelled, self, dev, test } = splitPrompts(seed);
    const keys = [labelled, self, dev, test].map((prompts) => new Set(prompts.map(({ key }) => key)));
    const total = keys.reduce((sum, { size }) => sum + size, 0);
    expect(new Set(keys.flatMap((of) => [...of])).size).toBe(total);
    expect(total).toBe(new Set(all.map(({ key }) => key)).size);
    const shares = [0.3, 0.5, 0.08, 0.12].map((x) => expect.closeTo(x, 2) as number);
    expect(keys.map(({ size }) => size / total)).toEqual(shares);
    // Held out in one wording, trained on in three.
    expect([test.length / keys[3].size, self.length / keys[1].size]).toEqual([1, 3]);
    const verbs = new Set(test.map(({ text }) => text.split(' ')[0]));
    expect([...verbs].sort()).toEqual(['Give', 'List', 'Name']);
  });

  it('are held out the same way by every seed, and the corpus has none of them', () => {
    expect(splitPrompts(4)).toEqual(splitPrompts(4));
    expect(splitPrompts(4).test).toEqual(splitPrompts(5).test);
    expect(splitPrompts(4).labelled).not.toEqual(splitPrompts(5).labelled);
    const { dev, test } = splitPrompts(1);
    const held = new Set([...dev, ...test].map(({ key }) => key));
    expect(corpusPrompts().some(({ key }) => held.has(key))).toBe(false);
  });
});
