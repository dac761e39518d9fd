import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { judgedPairs, judgedRow, rightOf } from '../losses/judgedPairs.js';
import type { SupervisedExample } from '../losses/supervised.js';
import { dpoDefaults, jsftDefaults, ktoDefaults, rewardDefaults, sftDefaults } from '../methods/defaults.js';
import { dpoFaults, dpoTask } from '../methods/dpo.js';
import { jsftTask } from '../methods/jsft.js';
import { ktoTask } from '../methods/kto.js';
import { offlineSelfTrainingTask } from '../methods/offlineSelfTraining.js';
import { contestOf } from '../pairs/contest.js';
import { METHODS } from '../methods/index.js';
import { presetOptions } from '../methods/method.js';
import { rewardTask } from '../methods/reward.js';
import { sftTask } from '../methods/sft.js';
import type { Metrics } from '../metrics/means.js';
import { rewardTrainable } from '../optimizer/rewardTrainable.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { disposeModel, model, newFolder, runIn, stopAfter } from '../testing/runs.js';
import { tinyExamples, tinyLora } from '../testing/tiny.js';
import { train } from './runner.js';
import type { TrainingTask } from './trainingTask.js';

afterAll(disposeModel);

const quick = { maxSteps: 6, trainBatchSize: 6, learningRate: 1e-2, warmupRatio: 0, tokenBudget: 64 };
const pairs = Array.from({ length: 6 }, (_, i) => ({
  id: `${i}`,
  prompt: [10 + i, 20, 30],
  chosen: { tokens: [40, 41 + i, 3].slice(0, 1 + (i % 3)) },
  rejected: { tokens: [50 + i, 51] },
}));
const others = pairs.map((pair) => ({ ...pair, prompt: [60, ...pair.prompt] }));
const labelled = pairs.map(({ id, prompt, chosen }, i) => ({
  id,
  prompt,
  answer: chosen.tokens,
  label: i % 2 === 0,
}));
const sides = pairs.map(({ id, prompt, chosen, rejected }) => ({
  id,
  chosen: [...prompt, ...chosen.tokens],
  rejected: [...prompt, ...rejected.tokens],
}));
const lora = (dropout = 0) => loraTrainable(model, { ...tinyLora, dropout }, { seed: 5 });
const { sft, judge } = tinyExamples(3, 6);

interface Measuring {
  evalSteps: number;
  selectBy: 'none' | 'loss';
}
/** Each method, measuring the rows that it trains on, all of them in every step: what it measures is known. */
const METHODS_OF_ROWS: Record<string, (options: Measuring) => TrainingTask | Promise<TrainingTask>> = {
  sft: (options) => sftTask(lora(), sft, { ...sftDefaults, ...quick, ...options }, sft),
  jsft: (options) =>
    jsftTask(
      lora(),
      { sft, judge, heldOut: [...judge, ...sft] },
      { ...jsftDefaults, ...quick, judgeBatchSize: 6, ...options },
    ),
  dpo: (options) => dpoTask(lora(), pairs, { ...dpoDefaults, ...quick, ...options }, undefined, pairs),
  'dpo, a loss of all pairs': (options) =>
    dpoTask(lora(), pairs, { ...dpoDefaults, lossType: 'aot', ...quick, ...options }, undefined, pairs),
  'self-train-offline': (options) => {
    const answer = (tokens: number[]) => ({
      tokens,
      text: String(tokens),
      logprobs: new Float32Array(0),
      finish: 'eos' as const,
    });
    const contests = pairs.map(({ id, prompt, chosen, rejected }) =>
      contestOf({ id, text: id, tokens: prompt }, answer(chosen.tokens), answer(rejected.tokens)),
    );
    const right = {
      compare: async (asked: readonly unknown[]) =>
        asked.map(() => ({ winner: 'a' as const, probability: 1, scoreA: 1, scoreB: 0 })),
    };
    const defaults = presetOptions(METHODS['self-train-offline']);
    return offlineSelfTrainingTask(
      { trainable: lora(), judge: right, options: { ...defaults, ...quick, ...options } },
      contests,
      pairs,
    );
  },
  reward: (options) =>
    rewardTask(
      rewardTrainable(model, { seed: 5, lora: tinyLora }),
      sides,
      { ...rewardDefaults, ...quick, ...options },
      sides,
    ),
};

async function seenBy(task: TrainingTask): Promise<Metrics[]> {
  const rows: Metrics[] = [];
  await train(task, { saveSteps: 0, saveTotalLimit: 0, onLog: ({ metrics }) => rows.push(metrics) });
  return rows;
}

/** What training says, without times and what is measured beside it. */
const trained = (rows: Metrics[]) =>
  rows.map((row) => Object.entries(row).filter(([name]) => !/^(eval_|time\/|step_time)|\/eval$/.test(name)));

describe('rows held out', () => {
  it.each(Object.entries(METHODS_OF_ROWS))(
    '%s: are measured by the loss and the metrics of training, and training keeps its bits',
    async (_, make) => {
      const rows = await seenBy(await make({ evalSteps: 1, selectBy: 'none' }));
      const names = Object.keys(rows[0]).filter((name) => name.startsWith('eval_'));
      expect(names).toContain('eval_loss');
      let compared = 0;
      for (const name of names) {
        const of = name.slice('eval_'.length);
        if (!(of in rows[0])) continue;
        // What the policy is after a step, the next step trains on.
        for (let step = 0; step + 1 < rows.length; step++)
          expect(rows[step][name], name).toBeCloseTo(rows[step + 1][of], 5);
        compared++;
      }
      expect(compared).toBeGreaterThanOrEqual(2);
      expect(rows.at(-1)!.eval_loss).not.toBe(rows[0].eval_loss);
      const without = await seenBy(await make({ evalSteps: 0, selectBy: 'none' }));
      expect(without.some((row) => 'eval_loss' in row)).toBe(false);
      expect(trained(rows)).toEqual(trained(without));
    },
  );

  it('kto: are measured with the divergence of all of them', async () => {
    const options = { ...ktoDefaults, ...quick, evalSteps: 1 };
    const rows = await seenBy(ktoTask(lora(), labelled, options, labelled));
    // The order of a step's rows pairs other answers than theirs: with the divergence off, the rest is known.
    for (const name of ['rewards/chosen', 'rewards/rejected', 'rewards/margins', 'logps/chosen'])
      for (let step = 0; step + 1 < rows.length; step++)
        expect(rows[step][`eval_${name}`], name).toBeCloseTo(rows[step + 1][name], 5);
    expect(rows.at(-1)).toMatchObject({
      eval_loss: expect.any(Number) as number,
      eval_kl: expect.any(Number) as number,
    });
    expect(trained(rows)).toEqual(trained(await seenBy(ktoTask(lora(), labelled, options))));
  });

  it('choose the step that is kept, and a run that was stopped keeps the same', async () => {
    // A learning rate that only spoils: the first measure is the best.
    const options = {
      ...dpoDefaults,
      ...quick,
      maxSteps: 8,
      learningRate: 0.3,
      evalSteps: 2,
      selectBy: 'loss' as const,
    };
    const task = () => dpoTask(lora(), pairs, options, undefined, others);
    const straight = await task();
    const rows: Metrics[] = [];
    const result = await train(straight, {
      saveSteps: 0,
      saveTotalLimit: 0,
      onLog: ({ metrics }) => rows.push(metrics),
    });
    const losses = rows.map((row) => row.eval_loss ?? Infinity);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(losses.filter(Number.isFinite)).toHaveLength(4);
    expect(best).toBeLessThan(8);
    expect(result).toMatchObject({
      status: 'completed',
      step: 8,
      bestStep: best,
      chosenBy: { judge: 'eval_loss', n: 6, of: 'held-out rows' },
    });
    const [kept] = await Promise.all(Object.values(straight.trainable.parameters).map((set) => set.read()));
    const path = newFolder();
    for (const stopped of [1, 5]) {
      const stop = stopAfter(stopped);
      const part = await task();
      expect(await runIn(path, stop.task(part), { signal: stop.signal })).toMatchObject({
        status: 'interrupted',
        step: stopped,
      });
    }
    const resumed = await task();
    expect(await runIn(path, resumed)).toMatchObject({ bestStep: best });
    const [again] = await Promise.all(Object.values(resumed.trainable.parameters).map((set) => set.read()));
    expect(again).toEqual(kept);
    expect(existsSync(join(path, 'final'))).toBe(true);
  });

  it('choose nothing where what they are chosen by is no number', async () => {
    const options = { ...dpoDefaults, ...quick, evalSteps: 2, selectBy: 'loss' as const };
    const task = await dpoTask(lora(), pairs, options, undefined, others);
    const selection = {
      ...task.selection!,
      evaluate: async () => ({ metrics: {}, signal: NaN, eligible: false, stop: false }),
    };
    const result = await train({ ...task, selection }, { saveSteps: 0, saveTotalLimit: 0 });
    expect(result).toMatchObject({ bestStep: 6 });
    expect(result).not.toHaveProperty('chosenBy');
  });

  it('are not compared by rewards that a loss has none of', () => {
    const faults = dpoFaults({ ...dpoDefaults, lossType: 'sft', selectBy: 'accuracy' });
    expect(faults.map(({ key }) => key)).toContain('selectBy');
  });
});

describe('judgedPairs', () => {
  const question = (count: number, judged?: SupervisedExample['judged']): SupervisedExample => ({
    id: 'p',
    kinds: [],
    judged,
    sequences: Array.from({ length: 2 * count }, () => ({
      tokens: [1, 2, 3],
      targets: [[2, 3]] as [number, number][],
      candidates: [{ position: 1, labels: [7] }],
    })),
  });
  const logs = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
  const rights = (groups: SupervisedExample[], ...probabilities: number[]) =>
    judgedPairs(groups, logs(...probabilities)).map(rightOf);

  it('asks both orders together: a judge that always says A is right of nothing and wrong of nothing', () => {
    expect(rights([question(1)], 0.75, 0.25, 0.25, 0.75)).toEqual([0.5]);
    expect(rights([question(1)], 0.75, 0.25, 0.5, 0.5)).toEqual([1]);
    expect(rights([question(1)], 0.25, 0.75, 0.5, 0.5)).toEqual([0]);
  });

  it('is a mean over the questions of a pair, and no verdict is not right', () => {
    const said = [0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1, 0.9, 1e-9, 0, 1e-9, 0];
    expect(rights([question(2), question(1)], ...said)).toEqual([0.5, 0]);
  });

  it('steps over labels of answers', () => {
    const answer = {
      id: 'a',
      kinds: [],
      sequences: [{ tokens: [1, 2, 3], targets: [[1, 3]] as [number, number][] }],
    };
    expect(rights([answer, question(1)], 0.1, 0.2, 0.75, 0.25, 0.5, 0.5)).toEqual([1]);
  });

  it('is written down by who was shown first, whichever answer the label names', () => {
    // The chosen answer is shown first in ab. Asked of a question whose label is the rejected one, the judge says A twice.
    const judged = { labels: ['a', 'b'], lengths: [5, 9] } as const;
    const [pair] = judgedPairs([question(2, judged)], logs(0.75, 0.25, 0.5, 0.25, 0.25, 0.75, 0.75, 0.25));
    expect(judgedRow(pair)).toEqual({
      id: 'p',
      lengths: [5, 9],
      votes: [
        { label: 'chosen', ab: [0.75, 0.25], ba: [0.25, 0.5] },
        { label: 'rejected', ab: [0.75, 0.25], ba: [0.75, 0.25] },
      ],
    });
    expect(rightOf(pair)).toBe(0.75);
  });
});
