import { TreeBatch } from '@selfjudge/engine';
import { sampleAnswers } from '@selfjudge/engine/internal';
import { fromScorer, type Judge } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import { sampling, type TokenizedPrompt } from '../pairs/contest.js';
import { disposeModel, loop, model, straightAndResumed } from '../testing/runs.js';
import { tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { fullPreferenceTrainable, loraTrainable } from '../optimizer/trainable.js';
import { presetOptions } from './method.js';
import { raft, raftTask, type RaftOptions } from './raft.js';

afterAll(disposeModel);

const options: RaftOptions = {
  ...presetOptions(raft),
  maxSteps: 6,
  trainBatchSize: 3,
  learningRate: 1e-2,
  maxNewTokens: 8,
  numGenerations: 5,
  missingEos: 'keep',
};
const start = await trainedAdapter(model, 4);
const letters = (text: string) => text.split(/[a-z]/).length - 1;
const task = (changed: Partial<RaftOptions> = {}, dev?: TokenizedPrompt[]) => {
  const judge = fromScorer({ score: async (of) => of.map(({ answer }) => letters(answer)) });
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const run = { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } };
  return raftTask(run, tinyPrompts(model, 4), { dev });
};
const at = (step: number) => ({ step, learningRate: 1e-2 });
const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);

describe('raft', () => {
  it('moves the policy towards what the ranker likes', async () => {
    const own = tinyModel(2);
    const trainable = fullPreferenceTrainable(own);
    const mean = (xs: number[]) => xs.reduce((x, y) => x + y, 0) / xs.length;
    const seen: number[] = [];
    const judge = fromScorer({
      score: async (of) => {
        const scores = of.map(({ answer }) => letters(answer));
        seen.push(mean(scores));
        return scores;
      },
    });
    const all = { ...options, trainBatchSize: 8, maxSteps: 30, learningRate: 1e-2, numGenerations: 4 };
    const made = raftTask({ trainable, judge, tokenizer: own.tokenizer!, options: all }, tinyPrompts(own, 8));
    const drawn: number[] = [];
    for (let step = 1; step <= 30; step++) {
      seen.length = 0;
      await made.step({ step, learningRate: 1e-2 });
      // In the first round of the tournament everybody plays.
      drawn.push(seen[0]);
    }
    expect(mean(drawn.slice(-5))).toBeGreaterThan(1.5 * mean(drawn.slice(0, 5)));
    trainable.start.dispose();
    own.dispose();
  });

  it('is compared with its start on dev prompts, and trains as without', async () => {
    const seenBy = async (made: ReturnType<typeof task>) => {
      const rows: Record<string, number>[] = [];
      const result = await train(made, { ...loop, saveSteps: 0, onLog: ({ metrics }) => rows.push(metrics) });
      return { rows, result };
    };
    const { rows, result } = await seenBy(task({ evalSteps: 3, maxKl: 1000 }, tinyPrompts(model, 6)));
    const without = await seenBy(task());
    expect(rows.map((row) => typeof row['eval/judge_win_rate'])).toEqual(
      [0, 0, 1, 0, 0, 1].map((is) => (is ? 'number' : 'undefined')),
    );
    expect(result).toMatchObject({ chosenBy: { judge: 'the judge it trained on', n: 6 } });
    const trained = (all: typeof rows) => all.map(({ loss, grad_norm: norm }) => [loss, norm]);
    expect(trained(rows)).toEqual(trained(without.rows));
  });

  it('imitates the answer of the largest reward', async () => {
    const one = task({ trainBatchSize: 1 });
    const [index] = one.order.batch(1);
    const { tokens } = tinyPrompts(model, 4)[index];
    const draw = { ...sampling(options, model.tokenizer!), count: 5, firstSequence: 0 };
    const [answers] = await sampleAnswers(one.trainable.policy, model.tokenizer!, [tokens], draw);
    const most = Math.max(...answers.map(({ text }) => letters(text)));
    const losses = answers
      .filter(({ text }) => letters(text) === most)
      .map(({ logprobs }) => -logprobs.reduce((a, b) => a + b, 0) / logprobs.length);
    const { metrics, examples } = await one.step(at(1));
    expect(losses.some((loss) => Math.abs(loss - metrics.loss) < 1e-5)).toBe(true);
    expect(answers.length - losses.length).toBeGreaterThan(0);
    expect(metrics).toMatchObject({ 'raft/candidates': 5, 'judge/invalid_rate': 0 });
    expect(examples).toHaveLength(1);
  });

  it('leaves out prompts whose answers are all cut, and says when nothing was learnt', async () => {
    const cut = task({ missingEos: 'drop', maxNewTokens: 1 });
    const before = await cut.trainable.policy.score(tree);
    expect(await cut.step(at(1))).toMatchObject({ tokens: 0, examples: [], skipped: false });
    expect(await cut.trainable.policy.score(tree)).toEqual(before);
    expect(() => cut.conclude?.()).toThrow(/a finite gradient in at least one step/);
  });

  it('warns of a judge that says nothing', async () => {
    const mute: Judge = fromScorer({ score: async (of) => of.map(() => NaN) });
    const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
    const made = raftTask(
      { trainable, judge: mute, tokenizer: model.tokenizer!, options },
      tinyPrompts(model, 4),
    );
    const { metrics } = await made.step(at(1));
    expect(made.review?.({ step: 1, epoch: 0, metrics })).toMatch(/no verdict on 100%/);
    expect(made.review?.({ step: 2, epoch: 0, metrics })).toBeUndefined();
  });

  it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
    const { straight, resumed, first, last } = await straightAndResumed(task, 4);
    expect(first).toMatchObject({ step: 4 });
    expect(last).toMatchObject({ status: 'completed', step: 6 });
    expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
  });
});

it('says who judges: its start, or whoever was named', () => {
  expect(raft.labels(options, 'plain')).toMatch(/, by the judgment of its start \(template plain\)$/);
  expect(raft.labels(options, 'plain', 'the reward model r')).toMatch(/, judged by the reward model r$/);
});
