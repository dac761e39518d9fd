import { afterAll, describe, expect, it } from 'vitest';
import { fromScorer, type Judge, type Scorer } from '@selfjudge/judging';
import { JudgeSignal } from './judgeSignal.js';
import { AdamW } from '../optimizer/adamw.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';
import { selfTrainingDefaults } from './defaults.js';
import { selfTrainingStep } from './selfTraining.js';
import type { SelfTraining } from './selfTrainingRun.js';
import { hashJudge, verdict, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { fullPreferenceTrainable, loraTrainable } from '../optimizer/trainable.js';

const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  trainBatchSize: 4,
  maxNewTokens: 12,
  topP: 1,
  tokenBudget: 100,
  missingEos: 'keep',
};
const model = tinyModel();
const start = await trainedAdapter(model, 4);
const prompts = tinyPrompts(model, 4);
afterAll(() => model.dispose());

function run(o: Partial<SelfTrainingOptions> = {}): SelfTraining {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const all = { ...options, ...o };
  const optimizer = new AdamW(trainable.parameters, all);
  return { trainable, judge: hashJudge, tokenizer: model.tokenizer!, optimizer, options: all };
}
/** A judge that means the opposite. */
const negated = (judge: Judge): Judge => ({
  async compare(pairs, options) {
    const other = { a: 'b', b: 'a', tie: 'tie' } as const;
    const verdicts = await judge.compare(pairs, options);
    return verdicts.map(({ winner, ...said }) => ({ ...said, winner: winner && other[winner] }));
  },
});
const at = (step: number) => ({ step, learningRate: options.learningRate });

describe('selfTrainingStep', () => {
  it('begins at log 2 with policy, sampler and reference equal to the bit', async () => {
    const training = run();
    const first = await selfTrainingStep(prompts, training, at(1));
    expect(first.metrics.loss).toBe(Math.LN2);
    expect(first.metrics['sampling/kl']).toBe(0);
    expect(first.metrics['sampling/logp_diff']).toBe(0);
    expect(first.metrics.grad_norm).toBeGreaterThan(0);
    expect(first.metrics['sampling/neg_logprob']).toBeGreaterThan(1);
    const second = await selfTrainingStep(prompts, training, at(2));
    expect(second.metrics['sampling/logp_diff']).toBe(0);
    expect(second.metrics['sampling/kl']).not.toBe(0);
    expect(second.metrics.loss).not.toBe(Math.LN2);
  });

  it('trains on the ids as sampled and gives a cut answer no end token', async () => {
    const { contests } = await selfTrainingStep(prompts, run({ maxNewTokens: 3 }), at(1));
    const eos = new Set(model.tokenizer!.eos);
    for (const { a, b } of contests)
      for (const answer of [a, b]) {
        expect(answer.tokens.some((t) => eos.has(t))).toBe(answer.finish === 'eos');
        expect(answer.logprobs).toHaveLength(answer.tokens.length);
        if (answer.finish === 'length') expect(answer.tokens).toHaveLength(3);
      }
  });

  it.each([1, -1])('moves the policy the way the judge points: %d', async (sign) => {
    const own = tinyModel(2);
    const trainable = fullPreferenceTrainable(own);
    const all = { ...options, learningRate: 3e-3, trainBatchSize: 16, tokenBudget: 2000 };
    const optimizer = new AdamW(trainable.parameters, all);
    const letters = (text: string) => text.split(/[a-z]/).length - 1;
    const judge: Judge = {
      compare: (pairs) => Promise.resolve(pairs.map((p) => verdict(p, sign * (letters(p.a) - letters(p.b))))),
    };
    const training = { trainable, judge, tokenizer: own.tokenizer!, optimizer, options: all };
    const seen: number[] = [];
    for (let step = 1; step <= 30; step++) {
      const { contests } = await selfTrainingStep(tinyPrompts(own, 16), training, {
        step,
        learningRate: all.learningRate,
      });
      seen.push(contests.reduce((n, { a, b }) => n + letters(a.text) + letters(b.text), 0));
    }
    const mean = (xs: number[]) => xs.reduce((x, y) => x + y, 0) / xs.length;
    const [early, late] = [mean(seen.slice(0, 5)), mean(seen.slice(-5))];
    if (sign > 0) expect(late).toBeGreaterThan(1.5 * early);
    else expect(late).toBeLessThan(early / 1.5);
    trainable.start.dispose();
    own.dispose();
  });

  it('makes no update from a step without pairs', async () => {
    const training = run();
    const before = await training.trainable.parameters.policy.read();
    const tie = {
      compare: async (pairs: Parameters<typeof hashJudge.compare>[0]) =>
        (await hashJudge.compare(pairs)).map((v) => ({ ...v, winner: 'tie' as const })),
    };
    const report = await selfTrainingStep(prompts, { ...training, judge: tie }, at(1));
    expect(report).toMatchObject({ tokens: 0, examples: [], skipped: false });
    expect(report.metrics['judge/tie_rate']).toBe(1);
    expect(await training.trainable.parameters.policy.read()).toEqual(before);
  });
});

/** Says the answer with the larger letters first is better, and nothing of how it knows. */
const plainJudge: Judge = {
  compare: (pairs) =>
    Promise.resolve(
      pairs.map(({ a, b }) => {
        const [scoreA, scoreB] = a > b ? [1, 0] : [0, 1];
        return { winner: a > b ? 'a' : 'b', scoreA, scoreB, probability: 0.25 + scoreA / 2 };
      }),
    ),
};

describe('a judge of whatever kind', () => {
  it('trains the policy, and what its verdicts do not tell is in no metric', async () => {
    const training = run();
    const before = await training.trainable.parameters.policy.read();
    const { metrics, examples } = await selfTrainingStep(prompts, { ...training, judge: plainJudge }, at(1));
    expect(examples.length).toBeGreaterThan(0);
    expect(await training.trainable.parameters.policy.read()).not.toEqual(before);
    expect(metrics).toMatchObject({ 'judge/margin': 1, 'judge/tie_rate': 0, 'judge/invalid_rate': 0 });
    for (const name of ['judge/position_consistency', 'judge/first_rate', 'judge/ab_mass'])
      expect(metrics).not.toHaveProperty([name]);
  });

  it('trains on what a scorer scores', async () => {
    const scorer: Scorer = { score: async (of) => of.map(({ answer }) => answer.length) };
    const report = await selfTrainingStep(prompts, { ...run(), judge: fromScorer(scorer) }, at(1));
    const decided = report.contests.filter(({ a, b }) => a.text.length !== b.text.length);
    expect(decided.length).toBeGreaterThan(0);
    for (const { a, b, winner } of decided) expect(winner).toBe(a.text.length > b.text.length ? 'a' : 'b');
  });

  it.each([
    ['without a probability', { winner: 'a', scoreA: 1, scoreB: 0 }],
    ['with a probability that is none', { winner: 'a', scoreA: 1, scoreB: 0, probability: 1.5 }],
    ['of another winner', { winner: 'c', scoreA: 1, scoreB: 0, probability: 1 }],
    [
      'with half of the evidence',
      { winner: 'a', scoreA: 1, scoreB: 0, probability: 1, evidence: { kind: 'token' } },
    ],
  ])('changes nothing by a verdict %s', async (_, malformed) => {
    const training = run();
    const { policy: parameters } = training.trainable.parameters;
    const [before, state] = [await parameters.read(), await training.optimizer.state()];
    const judge = { compare: (pairs: readonly unknown[]) => Promise.resolve(pairs.map(() => malformed)) };
    const step = selfTrainingStep(prompts, { ...training, judge: judge as never }, at(1));
    await expect(step).rejects.toThrow(/^\[decide\] verdicts\[0\]\./);
    expect(await parameters.read()).toEqual(before);
    expect(await training.optimizer.state()).toEqual(state);
  });
});

describe('referenceWeight', () => {
  it('lets the log-probability under the start turn what the judge said', async () => {
    const plain = await selfTrainingStep(prompts, run(), at(1));
    expect(plain.metrics).not.toHaveProperty(['judge/turned_by_reference']);
    const held = await selfTrainingStep(prompts, run({ referenceWeight: 1e6 }), at(1));
    const { contests } = held;
    for (const { winner, verdict, a, b } of contests)
      if (verdict !== undefined && verdict.winner !== null)
        expect(winner).toBe(a.reference! > b.reference! ? 'a' : 'b');
    const turned = contests.filter(
      ({ winner, verdict }) => verdict !== undefined && verdict.winner !== 'tie' && winner !== verdict.winner,
    );
    const decided = contests.filter(({ verdict }) => verdict !== undefined && verdict.winner !== 'tie');
    expect(held.metrics['judge/turned_by_reference']).toBe(turned.length / decided.length);
    // How the judge behaved is told of what it said itself.
    expect(held.metrics['judge/margin']).toBe(plain.metrics['judge/margin']);
    // A weight of nothing at all turns nothing.
    const barely = await selfTrainingStep(prompts, run({ referenceWeight: 1e-12 }), at(1));
    expect(barely.metrics['judge/turned_by_reference']).toBe(0);
    expect(barely.metrics.loss).toBe(plain.metrics.loss);
  });
});

describe('JudgeSignal', () => {
  it('is one half at the start, and a policy too far away is out', async () => {
    const training = run({ evalSteps: 1, maxKl: 0.1 });
    const signal = new JudgeSignal(training, prompts);
    expect(await signal.evaluate(at(0))).toMatchObject({
      signal: 0.5,
      eligible: true,
      stop: false,
      metrics: { 'eval/kl': 0 },
    });
    const { policy: parameters } = training.trainable.parameters;
    parameters.load((await parameters.read()).map((x, i) => x + 2 * Math.sin(i * i)));
    expect(await signal.evaluate(at(1))).toMatchObject({ eligible: false, stop: true });
  });

  it('asks an outside judge beside its own, which then chooses', async () => {
    const training = run({ evalSteps: 1, topP: 0.5 });
    const { policy: parameters } = training.trainable.parameters;
    parameters.load((await parameters.read()).map((x, i) => x + 2 * Math.sin(i * i)));
    const own = await new JudgeSignal(training, prompts).evaluate(at(1));
    const { 'eval/judge_win_rate': rate } = own.metrics;
    expect(own.signal).toBe(rate);
    expect(own.metrics).not.toHaveProperty(['eval/outside_win_rate']);
    const signal = new JudgeSignal(training, prompts, negated(training.judge));
    expect(signal.chosenBy).toEqual({ judge: 'the outside judge', n: prompts.length });
    const { metrics, signal: chosen } = await signal.evaluate(at(1));
    expect(metrics['eval/judge_win_rate']).toBe(rate);
    expect(metrics['eval/outside_win_rate']).toBeCloseTo(1 - rate, 12);
    expect(metrics['eval/outside_agreement']).toBe(0);
    expect(chosen).toBe(metrics['eval/outside_win_rate']);
    // Of the whole distribution, where the answers of the contest are of its nucleus.
    expect(metrics['eval/entropy']).toBeGreaterThan(0);
    expect(metrics['eval/kl']).not.toBe(metrics['eval/sampling_kl']);
  });

  it('counts what the reference says as the step does', async () => {
    const training = run({ evalSteps: 1, referenceWeight: 1e6 });
    const { policy: parameters } = training.trainable.parameters;
    parameters.load((await parameters.read()).map((x, i) => x + 2 * Math.sin(i * i)));
    const own = await new JudgeSignal(training, prompts).evaluate(at(1));
    // What the start calls likelier wins, and that is the start's own answer.
    expect(own.signal).toBe(0);
  });

  it('keeps the last step where nobody shall choose, and wants a judge where it is to be an outside one', async () => {
    const training = run({ evalSteps: 1, selectBy: 'none' });
    const signal = new JudgeSignal(training, prompts);
    expect(signal.chosenBy).toBeUndefined();
    expect((await signal.evaluate(at(3))).signal).toBe(3);
    const options = { ...training.options, selectBy: 'outside' as const };
    expect(() => new JudgeSignal({ ...training, options }, prompts)).toThrow(
      /^\[JudgeSignal\] outside: expected/,
    );
  });

  it('judges what training keeps', async () => {
    const training = run({ evalSteps: 1, maxNewTokens: 4, missingEos: 'drop', maxKl: 1e6 });
    const { policy: parameters } = training.trainable.parameters;
    parameters.load((await parameters.read()).map((x, i) => x + 2 * Math.sin(i * i)));
    // Answers of four tokens are cut: none is kept, and there is nothing to choose by.
    const { signal, eligible } = await new JudgeSignal(training, prompts).evaluate(at(1));
    expect([signal, eligible]).toEqual([NaN, false]);
  });
});
