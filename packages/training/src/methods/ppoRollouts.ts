import { mean } from '@selfjudge/base/internal';
import { assertFinished, plan, shareOut, WHOLE, sharedAnswers } from '@selfjudge/engine/internal';
import type { SampledAnswer, TreeBatch } from '@selfjudge/engine';
import type { TreeSequence } from '@selfjudge/text';
import { isScorerJudge, judgeRewards } from '@selfjudge/judging/internal';
import type { Rollout } from '../losses/ppoRewards.js';
import { statesOf, statesSequence } from '../losses/ppoUpdate.js';
import type { StepContext } from '../loop/trainingTask.js';
import { answerMetrics } from '../metrics/judgeMetrics.js';
import type { Metrics } from '../metrics/means.js';
import type { TokenizedPrompt } from '../pairs/contest.js';
import { answerSequence } from '../pairs/tokenPair.js';
import type { PpoRun } from './ppoRun.js';

/** A rollout with what it was drawn for. */
export interface Drawn extends Rollout {
  id: string;
  prompt: number[];
  tokens: number[];
  finish: SampledAnswer['finish'];
}

/** Of the answers that a judge compares with: apart from those that the policy draws. */
const AGAINST = 1;

/**
 * Draws and scores the rollouts of steps. The policy answers from its whole distribution, so that what its sampler says of a
 * token is the log-probability that ratios are of. A scorer gives its number. A judge gives w, the chance of winning against
 * one answer of the start to the same prompt (`winningChance`: both orders of every question), which is this project's
 * definition. That answer is the same in every step: drawn anew, by seed and prompt, and kept nowhere.
 */
export function ppoRollouts(
  prompts: readonly TokenizedPrompt[],
  run: PpoRun,
): (indices: readonly number[], at: StepContext) => Promise<{ drawn: Drawn[]; metrics: Metrics }> {
  const { trainable, judge, tokenizer, options } = run;
  const { maxNewTokens, trainBatchSize, missingEosPenalty, seed, tokenBudget } = options;
  const whole = { maxNewTokens, temperature: 1, topP: 1, topK: 0, eos: tokenizer.eos, count: 1 };

  async function compareWith(indices: readonly number[], { signal, leaves }: StepContext): Promise<string[]> {
    if (isScorerJudge(judge)) return indices.map(() => '');
    const ids = indices.map((index) => prompts[index].tokens);
    const drawn = await sharedAnswers(leaves?.ranks, trainable.reference, tokenizer, ids, {
      ...whole,
      seed: seed + AGAINST,
      firstSequences: [...indices],
      signal,
    });
    assertFinished(drawn);
    return drawn.map(([answer]) => answer.text);
  }

  return async (indices, at) => {
    const { signal, profile, step, leaves } = at;
    const asked = indices.map((index) => prompts[index]);
    const ids = asked.map(({ tokens }) => tokens);
    const firstSequence = (step - 1) * trainBatchSize;
    const sampled = await sharedAnswers(leaves?.ranks, trainable.policy, tokenizer, ids, {
      ...whole,
      seed,
      firstSequence,
      signal,
    });
    assertFinished(sampled);
    const fixed = await compareWith(indices, at);
    await profile?.lap('generate');
    const answers = sampled.map(([answer]) => answer);
    const entries = asked.map(({ text }, i) => ({
      prompt: text,
      answers: [answers[i].text],
      against: fixed[i],
    }));
    const rewards = await judgeRewards(judge, entries, { tokenBudget, signal }, 'chance');
    await profile?.lap('judge');
    // Without a score there is nothing to learn of an answer.
    const scored = asked.flatMap(({ id, tokens: prompt }, i) => {
      const [score] = rewards[i];
      if (!Number.isFinite(score)) return [];
      const { tokens, logprobs, finish } = answers[i];
      const penalty = finish === 'eos' ? 0 : missingEosPenalty;
      return [{ id, prompt, tokens, logprobs, finish, score: score - penalty }];
    });
    const reference = await perSequence(
      scored.map(({ prompt, tokens }) => answerSequence(prompt, tokens)),
      tokenBudget,
      async (batch) => ({ of: batch.labels, values: await trainable.reference.score(batch) }),
      at,
    );
    const values = await perSequence(
      scored.map(({ prompt, tokens }) =>
        statesSequence(prompt, tokens, statesOf(tokens.length, maxNewTokens)),
      ),
      tokenBudget,
      async (batch) => ({ of: batch.hidden, values: await trainable.values.score(batch) }),
      at,
    );
    await profile?.lap('reference');
    const drawn = scored.map((one, i) => ({ ...one, reference: reference[i], values: values[i] }));
    const metrics = { ...answerMetrics(answers), 'ppo/unscored': 1 - drawn.length / asked.length };
    return { drawn, metrics };
  };
}

/** Of each sequence, what a view says of its labels or hidden rows, in their order. */
async function perSequence(
  sequences: readonly TreeSequence[],
  tokenBudget: number,
  score: (batch: TreeBatch) => Promise<{ of: { sequence: Int32Array }; values: Float32Array }>,
  { signal, leaves = WHOLE }: StepContext,
): Promise<number[][]> {
  const ofPart = async (part: readonly TreeSequence[]) => {
    const all: number[][] = [];
    const groups = part.map((sequence) => ({ sequences: [sequence] }));
    for (const { batch, groups: inTree } of plan(groups, tokenBudget)) {
      signal?.throwIfAborted();
      const { of, values } = await score(batch);
      const each: number[][] = inTree.map(() => []);
      values.forEach((value, i) => each[of.sequence[i]].push(value));
      all.push(...each);
    }
    return all;
  };
  return shareOut(leaves.ranks, sequences, ofPart);
}

/** Of the rollouts of a step, at least one, by the names of TRL's PPO: sums over an answer's tokens, means over answers. */
export function objectiveMetrics(
  drawn: readonly Drawn[],
  kl: readonly Float64Array[],
  klCoef: number,
): Metrics & { 'objective/kl': number } {
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
  const meanKl = mean(kl.map(sum));
  const scores = mean(drawn.map(({ score }) => score));
  return {
    'objective/kl': meanKl,
    'objective/kl_coef': klCoef,
    'objective/entropy': -mean(drawn.map(({ logprobs }) => sum(logprobs))),
    'objective/non_score_reward': -klCoef * meanKl,
    'objective/rlhf_reward': scores - klCoef * meanKl,
    'objective/scores': scores,
    'val/num_eos_tokens': drawn.filter(({ finish }) => finish === 'eos').length,
  };
}
