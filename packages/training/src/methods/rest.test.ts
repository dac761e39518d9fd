import { TreeBatch } from '@selfjudge/engine';
import { fromScorer, type Judge } from '@selfjudge/judging';
import type { TokenizedPrompt } from '../pairs/contest.js';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import { disposeModel, model, straightAndResumed } from '../testing/runs.js';
import { hashJudge, tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';
import type { Json } from '../runs/jsonFields.js';
import { presetOptions } from './method.js';
import { rest, restTask, type RestOptions } from './rest.js';
import { batchOf, grownOf, placeOf, readGrown, writeGrown } from './restRounds.js';

afterAll(disposeModel);

const options: RestOptions = {
  ...presetOptions(rest),
  maxSteps: 12,
  trainBatchSize: 3,
  learningRate: 1e-2,
  maxNewTokens: 8,
  numGenerations: 4,
  missingEos: 'keep',
  growSteps: 2,
  improveSteps: 2,
};
const start = await trainedAdapter(model, 4);
const letters = fromScorer({ score: async (of) => of.map(({ answer }) => answer.split(/[a-z]/).length - 1) });
const task = (changed: Partial<RestOptions> = {}, judge: Judge = letters, dev?: TokenizedPrompt[]) => {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const run = { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } };
  return restTask(run, tinyPrompts(model, 4), { dev });
};
const at = (step: number) => ({ step, learningRate: 1e-2 });
const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);

it('rest is compared with its start on dev prompts', async () => {
  const seen: Record<string, number>[] = [];
  const made = task({ evalSteps: 2, maxKl: 1000, selectBy: 'none' }, letters, tinyPrompts(model, 3));
  await train(made, { saveSteps: 0, saveTotalLimit: 0, onLog: ({ metrics }) => seen.push(metrics) });
  const asked = seen.flatMap((row, i) => (row['eval/judge_win_rate'] === undefined ? [] : [i + 1]));
  expect(asked).toEqual(seen.flatMap((_, i) => ((i + 1) % 2 === 0 || i + 1 === seen.length ? [i + 1] : [])));
});

describe('rounds', () => {
  const of = { growSteps: 2, improveSteps: 3, firstQuantile: 0.4, trainBatchSize: 2, seed: 1 };

  it.each([6, 7, 20, 61])('share out %d steps among all parts', (total) => {
    const places = Array.from({ length: total }, (_, i) => placeOf(i + 1, total, of));
    const sizes = new Map<string, number>();
    for (const { round, part, step, steps } of places) {
      const key = `${round} ${part}`;
      sizes.set(key, (sizes.get(key) ?? 0) + 1);
      expect(step).toBe(sizes.get(key));
      expect(step).toBeLessThanOrEqual(steps);
    }
    expect([...sizes.keys()]).toEqual(['0 0', '0 1', '0 2', '1 0', '1 1', '1 2']);
    expect(Math.max(...sizes.values()) - Math.min(...sizes.values())).toBeLessThanOrEqual(1);
  });

  it('imitate what is above rising quantiles, each answer once before any twice', () => {
    const answers = Array.from({ length: 10 }, (_, i) => ({ prompt: i, tokens: [i], reward: (i * 7) % 10 }));
    const grown = grownOf(0, answers, of);
    expect(grown.thresholds).toEqual([4, 6, 8]);
    expect(grown.answers.map(({ reward }) => reward).sort()).toEqual([4, 5, 6, 7, 8, 9]);
    const place = { round: 0, part: 2, step: 1, steps: 1 };
    expect(
      batchOf(grown, place, of)
        .map(({ reward }) => reward)
        .sort(),
    ).toEqual([8, 9]);
    expect(readGrown(writeGrown(grown))).toEqual(grown);
    expect(readGrown(writeGrown(undefined))).toBeUndefined();
  });

  it('refuse a run with fewer steps than parts, and a state of something else', () => {
    expect(() => task({ maxSteps: 3 })).toThrow(/^\[rest\] maxSteps: expected at least 4 steps/);
    const states: Json[] = [
      3,
      {},
      { round: 0, thresholds: ['a'], answers: [] },
      { round: 0, thresholds: [], answers: [1] },
    ];
    for (const values of states)
      expect(() => task().restore?.({ values })).toThrow(/^\[rest\] state.values: expected/);
  });
});

describe('rest', () => {
  it('imitates better answers as a round goes on, and draws anew in the next', async () => {
    const one = task({ numGenerations: 12, trainBatchSize: 8 });
    const rows = [];
    for (let step = 1; step <= 12; step++) rows.push((await one.step({ step, learningRate: 3e-2 })).metrics);
    const drawn = rows.flatMap((metrics, i) => ('rest/reward' in metrics ? [i + 1] : []));
    expect(drawn).toEqual([1, 7]);
    for (const first of [0, 6]) {
      expect(rows[first + 3]['rest/threshold']).toBeGreaterThanOrEqual(rows[first]['rest/threshold']);
      for (let i = first; i < first + 6; i++)
        expect(rows[i]['rest/reward_imitated']).toBeGreaterThanOrEqual(rows[i]['rest/threshold']);
      const part = rows.slice(first, first + 6).map((metrics) => metrics['rest/reward_imitated']);
      expect(part.reduce((a, b) => a + b) / 6).toBeGreaterThan(rows[first]['rest/reward']);
    }
    // It learnt: what the second round draws is better than what the first one drew.
    expect(rows[6]['rest/reward']).toBeGreaterThan(rows[0]['rest/reward']);
  });

  it('takes a judge that scores nothing, by its chance of winning', async () => {
    const { metrics } = await task({}, hashJudge).step(at(1));
    expect(metrics['rest/reward_imitated']).toBeCloseTo(Math.log(0.7 / 0.3), 6);
  });

  it('ends with a word where no answer may be imitated', async () => {
    const cut = task({ missingEos: 'drop', maxNewTokens: 1 });
    await expect(cut.step(at(1))).rejects.toThrow(
      /^\[rest\] prompts: expected an answer with a reward that ends/,
    );
  });

  it.each([2, 8])(
    'interrupted after step %d and resumed ends with the bits of an uninterrupted run',
    async (step) => {
      const { straight, resumed, first, last } = await straightAndResumed(task, step);
      expect(first).toMatchObject({ step });
      expect(last).toMatchObject({ status: 'completed', step: 12 });
      expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
    },
  );
});
