import { exactJson } from '@selfjudge/text/internal';
import { describe, expect, it } from 'vitest';
import { askedOnce, keyOf, type VerdictStore } from './askedOnce.js';
import type { CompareOptions, Judge } from './judge.js';
import type { JudgePair } from './pair.js';
import type { Verdict } from './verdict.js';

/** Prefers the longer answer, says nothing of '?', and tells what it was asked. */
function listening(): Judge & { asked: string[]; options?: CompareOptions } {
  const judge = {
    asked: [] as string[],
    options: undefined as CompareOptions | undefined,
    async compare(pairs: readonly JudgePair[], options: CompareOptions = {}): Promise<Verdict[]> {
      judge.options = options;
      options.onProgress?.(pairs.length, pairs.length);
      return pairs.map(({ a, b }) => {
        judge.asked.push(`${a}|${b}`);
        const figures = { scoreA: a.length, scoreB: b.length, probability: 0.75 };
        return { ...figures, winner: (a + b).includes('?') ? null : a.length > b.length ? 'a' : 'b' };
      });
    },
  };
  return judge;
}
const pair = (a: string, b: string, prompt = 'p'): JudgePair => ({ prompt, a, b });

function memory(): VerdictStore & { kept: Map<string, Verdict> } {
  const kept = new Map<string, Verdict>();
  return {
    kept,
    get: (key) => kept.get(key),
    add: (verdicts) => verdicts.forEach((verdict, key) => kept.set(key, verdict)),
  };
}

describe('askedOnce', () => {
  it('asks about each pair once, in both directions, and about equal answers never', async () => {
    const judge = listening();
    const pairs = [pair('xx', 'y'), pair('z', 'z'), pair('y', 'xx'), pair('xx', 'y'), pair('xx', 'y', 'q')];
    const verdicts = await askedOnce(judge).compare(pairs);
    expect(judge.asked).toEqual(['xx|y', 'y|xx', 'xx|y']);
    expect(verdicts.map(({ winner }) => winner)).toEqual(['a', 'tie', 'b', 'a', 'a']);
    expect(verdicts[1]).toEqual({
      winner: 'tie',
      scoreA: 0,
      scoreB: 0,
      probability: 0.5,
      reason: 'identical',
    });
  });

  it('takes from the store what is there, and keeps what has a winner', async () => {
    const [judge, store] = [listening(), memory()];
    const once = askedOnce(judge, store);
    const pairs = [pair('xx', 'y'), pair('what?', 'y')];
    const first = await once.compare(pairs);
    expect([...store.kept.keys()]).toEqual([keyOf(pairs[0])]);
    expect(await once.compare(pairs)).toEqual(first);
    // Of the second there may be a verdict another time.
    expect(judge.asked).toEqual(['xx|y', 'what?|y', 'what?|y']);
  });

  it('counts what it did not ask as done, and passes on the signal', async () => {
    const [judge, signal] = [listening(), new AbortController().signal];
    const seen: number[][] = [];
    const onProgress = (done: number, total: number) => void seen.push([done, total]);
    await askedOnce(judge).compare([pair('xx', 'y'), pair('z', 'z')], { onProgress, signal, tokenBudget: 7 });
    expect(seen).toEqual([[2, 2]]);
    expect(judge.options).toMatchObject({ signal, tokenBudget: 7 });
  });

  it('refuses what a judge says that is no verdict, before it is kept', async () => {
    const store = memory();
    const lying = { compare: async () => [{ winner: 'c' }] } as unknown as Judge;
    await expect(askedOnce(lying, store).compare([pair('x', 'y')])).rejects.toThrow(/verdicts\[0\].winner/);
    expect(store.kept.size).toBe(0);
  });
});

it('keys tell pairs apart as a judge reads them', () => {
  const keys = [
    pair('x', 'y'),
    pair('y', 'x'),
    pair('x', 'y', 'q'),
    { prompt: { text: 'p' }, a: 'x', b: 'y' },
    ...['1', '1.0', '{"1": 1, "0": 2}', '{"0": 2, "1": 1}'].map((text) => ({
      prompt: {
        messages: [{ role: 'user' as const, content: 'p' }],
        templateArguments: { v: exactJson(text) },
      },
      a: 'x',
      b: 'y',
    })),
  ].map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
});
