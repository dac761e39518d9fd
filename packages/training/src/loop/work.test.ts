import {
  Device,
  backwardFlops,
  forwardFlops,
  plan,
  samplingFlops,
  samplingShape,
  treeShape,
  type ModelView,
  type SequenceGroup,
} from '@selfjudge/engine';
import type { TreeSequence } from '@selfjudge/text';
import { loadJudgeTemplate, TokenJudge } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { dpoStep } from '../methods/dpo.js';
import { AdamW } from '../optimizer/adamw.js';
import { answerSequence } from '../pairs/tokenPair.js';
import { dpoDefaults, selfTrainingDefaults, sftDefaults } from '../methods/defaults.js';
import { Profile, type ProfileRow } from '../metrics/profile.js';
import { selfTrainingStep } from '../methods/selfTraining.js';
import { supervisedStep } from '../methods/sft.js';
import { tinyExamples, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import {
  fullPreferenceTrainable,
  fullTrainable,
  loraTrainable,
  type Trainable,
} from '../optimizer/trainable.js';

Device.open('cpu'); // a GPU decodes in batches of a power of two
const model = tinyModel();
const start = await trainedAdapter(model, 4);
afterAll(() => [start, model].forEach((one) => one.dispose()));

/** Rows of a tree at most: far fewer than a step has, and more than one example. */
const tokenBudget = 40;

/** Floating-point operations of the trees that the planner cuts groups into. */
function planned(groups: SequenceGroup[], view: ModelView, { backward }: { backward: boolean }): number {
  let flops = 0;
  for (const tree of plan(groups, tokenBudget)) {
    const shape = treeShape(tree.groups.flatMap(({ sequences }) => sequences));
    flops +=
      forwardFlops(view.shape, shape, { training: backward }) +
      (backward ? backwardFlops(view.shape, shape) : 0);
  }
  return flops;
}

/** Paths that differ, counted in each tree by itself. */
function distinctRows(groups: SequenceGroup[]): { rows: number; headRows: number } {
  const count = { rows: 0, headRows: 0 };
  for (const tree of plan(groups, tokenBudget)) {
    const [rows, heads] = [new Set<string>(), new Set<string>()];
    for (const { tokens, targets = [], candidates = [] } of tree.groups.flatMap((group) => group.sequences)) {
      const labelled = [
        ...targets.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)),
        ...candidates.map(({ position }) => position + 1),
      ];
      const path = (length: number) => Array.from(tokens).slice(0, length).join();
      for (const length of labelled) heads.add(path(length));
      for (let length = 1; length <= Math.max(...labelled); length++) rows.add(path(length));
    }
    count.rows += rows.size;
    count.headRows += heads.size;
  }
  return count;
}

/** As the counters of the ops tell that every row, and every row with a label, goes through once. */
function countedRows({ ops }: Pick<ProfileRow, 'ops'>, { model: { config } }: ModelView) {
  const { embedding, linear_logprob: scored, linear_logprob_expectation: trained } = ops;
  const head = (scored?.flops ?? 0) + (trained?.flops ?? 0) / 2;
  return {
    rows: embedding.bytes / (2 * 4 * config.hiddenSize + 4),
    headRows: head / (2 * config.vocabSize * config.hiddenSize),
  };
}

/** The profile of one step. */
async function profiled(
  trainable: Trainable,
  step: (optimizer: AdamW, at: { step: number; learningRate: number; profile: Profile }) => Promise<unknown>,
) {
  const optimizer = new AdamW(trainable.parameters, sftDefaults);
  const profile = new Profile(trainable.parameters.policy.value.device);
  await profile.lap('other'); // what making the optimizer enqueued
  profile.take();
  await step(optimizer, { step: 1, learningRate: 1e-3, profile });
  optimizer.dispose();
  return profile.take();
}

describe('a step does what the planner says, to the last operation: shared rows once, heads for labelled rows', () => {
  const { sft, judge } = tinyExamples(3, 8);
  const own = tinyModel(2);
  afterAll(() => own.dispose());
  const ways: [string, () => Trainable][] = [
    ['SFT and JSFT of all weights', () => fullTrainable(own)],
    ['of an adapter with dropout', () => loraTrainable(model, { ...tinyLora, dropout: 0.2 }, { seed: 5 })],
    ['of an adapter on a frozen one', () => loraTrainable(model, tinyLora, { seed: 5, start })],
  ];
  it.each(ways)('%s', async (_, make) => {
    const trainable = make();
    const loss = { lossNormalization: 'task' as const, sftWeight: 1, judgeWeight: 1, rationaleWeight: 1 };
    const options = { ...sftDefaults, tokenBudget };
    for (const examples of [sft, [...sft, ...judge]]) {
      const work = await profiled(trainable, (optimizer, at) =>
        supervisedStep(examples, { trainable, optimizer, loss, options }, at),
      );
      expect([...plan(examples, tokenBudget)].length).toBeGreaterThan(1);
      expect(work.phases.update!.flops).toBe(planned(examples, trainable.policy, { backward: true }));
      expect(countedRows(work, trainable.policy)).toEqual(distinctRows(examples));
    }
    trainable.dispose();
  });

  it.each([
    ['an adapter', () => loraTrainable(model, tinyLora, { seed: 5, start })],
    ['all weights', () => fullPreferenceTrainable(tinyModel(3))],
  ])('DPO of %s: the reference, then the policy', async (_, make) => {
    const trainable = make();
    const pairs = tinyPrompts(model, 6).map(({ id, tokens }, i) => ({
      id,
      prompt: tokens,
      chosen: { tokens: [40, 41, 42 + i] },
      rejected: { tokens: [40, 50 + i] },
    }));
    const groups = pairs.map(({ prompt, chosen, rejected }) => ({
      sequences: [answerSequence(prompt, chosen.tokens), answerSequence(prompt, rejected.tokens)],
    }));
    const work = await profiled(trainable, (optimizer, at) =>
      dpoStep(pairs, { trainable, optimizer, options: { ...dpoDefaults, tokenBudget } }, at),
    );
    expect([...plan(groups, tokenBudget)].length).toBeGreaterThan(1);
    expect(work.phases.reference!.flops).toBe(planned(groups, trainable.reference, { backward: false }));
    expect(work.phases.update!.flops).toBe(planned(groups, trainable.policy, { backward: true }));
    const { rows, headRows } = distinctRows(groups);
    expect(countedRows(work, trainable.policy)).toEqual({ rows: 2 * rows, headRows: 2 * headRows });
    trainable.dispose();
  });

  it('self-training: sampling, judging, the reference, the policy', async () => {
    const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
    const tokenizer = model.tokenizer!;
    const prompts = tinyPrompts(model, 5);
    const asked = [...prompts, prompts[1]]; // one of them twice
    const judge = new TokenJudge(trainable.reference, tokenizer, loadJudgeTemplate('plain'));
    const options = { ...selfTrainingDefaults, maxNewTokens: 9, missingEos: 'keep' as const, tokenBudget };
    let contests: Awaited<ReturnType<typeof selfTrainingStep>>['contests'] = [];
    const work = await profiled(trainable, async (optimizer, at) => {
      ({ contests } = await selfTrainingStep(asked, { trainable, judge, tokenizer, optimizer, options }, at));
    });
    const shape = samplingShape(
      asked.map(({ tokens }) => tokens),
      contests.map(({ a, b }) => [a.tokens.length, b.tokens.length]),
      options.maxNewTokens,
    );
    expect(work.phases.generate!.flops).toBe(samplingFlops(trainable.policy.shape, shape));
    const judged = contests.filter(({ verdict }) => verdict !== undefined);
    expect(judged.length).toBeGreaterThan(0);
    const questions = judged.map(({ prompt, a, b }) => ({
      sequences: judge.sequences({ prompt: prompt.text, a: a.text, b: b.text }),
    }));
    expect(work.phases.judge!.flops).toBe(planned(questions, judge.view, { backward: false }));
    const both = ({ prompt, a, b }: (typeof contests)[number], winner = 'a'): SequenceGroup => {
      const answers = [a, b].map(({ tokens }): TreeSequence => answerSequence(prompt.tokens, tokens));
      return { sequences: winner === 'a' ? answers : answers.reverse() };
    };
    const all = contests.map((contest) => both(contest));
    expect(work.phases.reference!.flops).toBe(planned(all, trainable.reference, { backward: false }));
    const won = contests
      .filter(({ fate }) => fate === 'pair')
      .map((contest) => both(contest, contest.winner));
    expect(won.length).toBeGreaterThan(0);
    expect(work.phases.update!.flops).toBe(planned(won, trainable.policy, { backward: true }));
    const [q, r, u] = [questions, all, won].map(distinctRows);
    expect(countedRows(work, trainable.policy)).toEqual({
      rows: shape.prefill.rows + shape.decode.rows + q.rows + r.rows + u.rows,
      headRows: q.headRows + r.headRows + u.headRows,
    });
    // Nothing but matrix products counts operations, and each phase moves memory.
    const flops = Object.values(work.ops).reduce((sum, op) => sum + op.flops, 0);
    expect(flops).toBe(Object.values(work.phases).reduce((sum, phase) => sum + phase.flops, 0));
    for (const phase of ['generate', 'judge', 'reference', 'update'] as const)
      expect(work.phases[phase]!.bytes).toBeGreaterThan(0);
    trainable.dispose();
  });
});
