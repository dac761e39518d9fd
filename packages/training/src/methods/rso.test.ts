import { TreeBatch } from '@selfjudge/engine';
import { fromScorer, type Judge, type ScoredAnswer } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from '../pairs/contest.js';
import type { MetricsRow } from '../runs/rows.js';
import { train } from '../loop/runner.js';
import { disposeModel, loop, model, newFolder, runIn, stopAfter } from '../testing/runs.js';
import { hashJudge, tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { presetOptions } from './method.js';
import { rso, rsoTask } from './rso.js';
import type { RsoOptions } from './rsoRun.js';

afterAll(disposeModel);

const options: RsoOptions = {
  ...presetOptions(rso),
  maxSteps: 6,
  trainBatchSize: 3,
  learningRate: 1e-2,
  maxNewTokens: 8,
  numGenerations: 6,
  numSamples: 4,
  missingEos: 'keep',
};
const start = await trainedAdapter(model, 4);
const prompts = tinyPrompts(model, 5);
const letters = async (answers: readonly ScoredAnswer[]) =>
  answers.map(({ answer }) => answer.split(/[a-z]/).length - 1);

function task(changed: Partial<RsoOptions> = {}, judge: Judge = fromScorer({ score: letters })) {
  const seen: Contest[][] = [];
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const run = { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } };
  const made = rsoTask(run, { prompts }, (contests) => seen.push(contests));
  return { ...made, seen };
}
const at = (step: number) => ({ step, learningRate: 1e-2 });
const textsOf = (seen: Contest[][]) =>
  seen.map((of) => of.map(({ prompt, a, b }) => [prompt.id, a.text, b.text]));

describe('rso', () => {
  it('accepts by reward: the best of the start when rejection_beta is small, the first when it is large', async () => {
    const pool: Record<string, Map<string, number>> = {};
    const score = async (answers: readonly ScoredAnswer[]) => {
      const scores = await letters(answers);
      answers.forEach(({ prompt, answer }, i) => (pool[String(prompt)] ??= new Map()).set(answer, scores[i]));
      return scores;
    };
    const best = task({ rejectionBeta: 1e-6, trainBatchSize: 10 }, fromScorer({ score }));
    const { metrics } = await best.step(at(1));
    for (const { prompt, a, b } of best.seen[0]) {
      const all = [...pool[String(prompt.text)].values()].sort((x, y) => y - x);
      const [least] = (await letters([a, b].map(({ text }) => ({ prompt: '', answer: text })))).sort(
        (x, y) => x - y,
      );
      // Of six answers the four best are accepted; equal texts may be more than one of them.
      expect(least).toBeGreaterThanOrEqual(all[Math.min(3, all.length - 1)]);
    }
    expect(metrics['rso/reward_accepted']).toBeGreaterThan(metrics['rso/reward_candidates']);
    const any = await task({ rejectionBeta: 1e9, trainBatchSize: 10 }).step(at(1));
    expect(any.metrics['rso/reward_accepted']).toBeLessThan(metrics['rso/reward_accepted']);
    expect(any.metrics).toMatchObject({ 'rso/candidates': 6, 'rso/accepted': 4 });
  });

  it('trains on pairs that the ranker labels, drawn from the start whatever the policy is', async () => {
    const one = task();
    const reports = [await one.step(at(1)), await one.step(at(2))];
    expect(reports[0].metrics.loss).toBe(Math.LN2);
    expect(reports[1].metrics.loss).not.toBe(Math.LN2);
    for (const { metrics } of reports)
      for (const name of ['sampling/kl', 'sampling/logp_diff']) expect(metrics).not.toHaveProperty([name]);
    const decided = one.seen.flat().filter(({ fate }) => fate === 'pair');
    expect(decided.length).toBeGreaterThan(0);
    for (const { a, b, winner } of decided) {
      const [x, y] = await letters([a, b].map(({ text }) => ({ prompt: '', answer: text })));
      expect(winner).toBe(x > y ? 'a' : 'b');
    }
    // Another policy, the same pairs.
    const other = task({ learningRate: 0.1 });
    other.trainable.parameters.policy.load(
      (await other.trainable.parameters.policy.read()).map((x) => x + 0.05),
    );
    await other.step(at(2));
    expect(textsOf(other.seen)).toEqual(textsOf([one.seen[1]]));
  });

  it('has a pair an example: two of four in a round, three in a tournament', async () => {
    expect(task({ maxSteps: 0, trainBatchSize: 1 }).order.totalSteps).toBe(10);
    const cup = task({ maxSteps: 0, trainBatchSize: 15, pairing: 'tournament' }, hashJudge);
    expect(cup.order.totalSteps).toBe(1);
    await cup.step(at(1));
    const of = cup.seen[0].filter(({ prompt }) => prompt.id === 'p0');
    expect(of).toHaveLength(3);
    const winners = of.map(({ a, b, winner }) => (winner === 'b' ? b.text : a.text));
    expect(of.some(({ a, b }) => winners.includes(a.text) && winners.includes(b.text))).toBe(true);
  });

  it('asks a judge that scores nothing against a fixed answer, and trains', async () => {
    const { metrics } = await task({}, hashJudge).step(at(1));
    expect(metrics['judge/pair_rate']).toBeGreaterThan(0);
    expect(metrics['rso/reward_accepted']).toBeGreaterThanOrEqual(metrics['rso/reward_candidates'] - 1);
  });

  it('leaves cut answers out of the candidates, and ends by saying why nothing was learnt', async () => {
    const cut = task({ missingEos: 'drop', maxNewTokens: 1 });
    const { metrics, tokens } = await cut.step(at(1));
    expect({ tokens, accepted: metrics['rso/accepted'] }).toEqual({ tokens: 0, accepted: 0 });
    expect(() => cut.conclude?.()).toThrow(/expected/);
  });

  it('refuses more samples than generations', () => {
    expect(() => task({ numSamples: 7 })).toThrow(/^\[rso\] numSamples: expected at most numGenerations, 6/);
  });

  it('interrupted and resumed ends with the bits of an uninterrupted run, and logs the same', async () => {
    const rows: MetricsRow[] = [];
    const straight = task();
    await train(straight, { ...loop, onLog: (row) => rows.push(row) });
    const path = newFolder();
    const stop = stopAfter(3);
    expect(await runIn(path, stop.task(task()), { signal: stop.signal })).toMatchObject({ step: 3 });
    const resumed = task();
    const later: MetricsRow[] = [];
    await runIn(path, resumed, { onLog: (row) => later.push(row) });
    const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);
    expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
    const told = (all: MetricsRow[]) =>
      all.map(({ metrics }) =>
        Object.entries(metrics).filter(([name]) => !/^(step_time|(time|flops|bytes)\/)/.test(name)),
      );
    expect(told(later)).toEqual(told(rows.slice(3)));
  });
});
