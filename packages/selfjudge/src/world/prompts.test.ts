import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { allPrompts, drawPrompts, splitPrompts } from './prompts.js';

describe('prompts', () => {
  it('are all different', () => {
    const texts = allPrompts().map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it.each([1, 2, 3])('are split by combination: 60, 15 and 25%% (seed %i)', (seed) => {
    const { train, dev, test } = splitPrompts(seed);
    const keys = [train, dev, test].map((prompts) => new Set(prompts.map(({ key }) => key)));
    const all = keys.reduce((sum, { size }) => sum + size, 0);
    expect(new Set(keys.flatMap((of) => [...of])).size).toBe(all);
    expect(all).toBe(new Set(allPrompts().map(({ key }) => key)).size);
    expect(train.length + dev.length + test.length).toBe(allPrompts().length);
    expect(keys.map(({ size }) => size / all)).toEqual([0.6, 0.15, 0.25].map((x) => expect.closeTo(x, 2)));
  });

  it('are split by the seed alone', () => {
    expect(splitPrompts(4)).toEqual(splitPrompts(4));
    expect(splitPrompts(4).test).not.toEqual(splitPrompts(5).test);
  });

  it('are drawn as lists, facts and unknowns in proportion 6 : 2 : 2', () => {
    const drawn = drawPrompts(splitPrompts(1).train, new Random(1), 10_000);
    const share = (family: string) =>
      drawn.filter((prompt) => prompt.family === family).length / drawn.length;
    expect(share('list')).toBeCloseTo(0.6, 1);
    expect(share('fact')).toBeCloseTo(0.2, 1);
    expect(share('unknown')).toBeCloseTo(0.2, 1);
  });
});
