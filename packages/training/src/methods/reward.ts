import { ArgumentError } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import { answeredIds, refusable } from '@selfjudge/data/internal';
import type { Tokenizer } from '@selfjudge/text';
import { rewardBackward, rewardGroup, rewardMeasures } from '../losses/rewardUpdate.js';
import { taskOver } from '../loop/taskOver.js';
import { areKnown, stepExamples, type Examples } from '../loop/stepExamples.js';
import { workloadOf } from '../loop/workload.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import type { AdamW } from '../optimizer/adamw.js';
import type { RewardTrainable } from '../optimizer/rewardTrainable.js';
import { wholeField, withDefaults, type OptionsOf } from '@selfjudge/base/fields';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutSelection } from '../loop/heldOut.js';
import { loopFields } from '../options/loop.js';
import { defaultLora } from '../options/lora.js';
import { pairLengthFields } from '../options/pairLengths.js';
import { rewardFields } from '../options/reward.js';
import { LONGEST, longestSequence, maker, type MakerContext } from './maker.js';
import { method } from './method.js';
import type { RewardPair } from '../pairs/rewardPair.js';
import { left, type Prepared } from './prepare.js';
import { shownPart } from './shown.js';
import { teachingPairs } from './teachingPairs.js';

const fields = {
  ...withDefaults(loopFields, { learningRate: 1e-4 }),
  ...heldOutFields(['loss', 'accuracy']),
  /** Tokens of prompt and answer at most; pairs with a longer side are left out and counted, never cut. */
  maxLength: wholeField(
    1024,
    1,
    'tokens of prompt and answer at most; pairs with a longer side are left out and counted',
  ),
  ...pairLengthFields,
  ...rewardFields,
};
export type RewardOptions = OptionsOf<typeof fields>;

/** Pairs as a reward model reads them, whole. Longer ones than `maxLength`, and equal sides, are left out and counted. */
export function prepareReward(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  options: { maxLength: number },
): Prepared<RewardPair> {
  const { maxLength } = options;
  const out: Prepared<RewardPair> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { id, prompt, margin } = row;
    const { value, problem } = refusable(() =>
      [row.chosen, row.rejected].map((answer) => answeredIds(tokenizer, prompt, answer)),
    );
    if (problem) {
      out.dropped.push(left(row, problem));
      continue;
    }
    const [chosen, rejected] = value;
    const longest = Math.max(chosen.length, rejected.length);
    if (longest > maxLength) {
      const reason = `prompt and answer have ${longest} tokens, the limit is ${maxLength}`;
      out.dropped.push(left(row, { code: 'too-long', reason }));
    } else if (chosen.length === rejected.length && chosen.every((token, i) => token === rejected[i])) {
      const reason = `both sides are the same ${longest} tokens`;
      out.dropped.push(left(row, { code: 'equal-answers', reason }));
    } else out.examples.push({ id, chosen, rejected, ...(margin !== undefined && { margin }) });
  }
  return out;
}

/**
 * A reward model of pairs (Bradley and Terry, 1952; arXiv 2203.02155): the better answer gets the larger reward.
 * @param heldOut pairs that are never trained on: `eval_loss`, `eval_accuracy`, ... are of all of them
 */
export function rewardTask(
  trainable: RewardTrainable,
  pairs: Examples<RewardPair>,
  options: RewardOptions,
  heldOut: readonly RewardPair[] = [],
): TrainingTask {
  if (areKnown(pairs)) assertMargins(pairs);
  const task = taskOver(trainable, pairs.length, options);
  const steps = stepExamples(pairs, task.order);
  const groupOf = (pair: RewardPair) => ({ id: pair.id, ...rewardGroup(trainable.reward, pair) });
  return {
    ...task,
    selection: heldOutSelection(heldOut.length, options, async () => ({
      metrics: await rewardMeasures(trainable.reward, heldOut, options),
    })),
    workload: workloadOf(pairs, groupOf, task.order, options.tokenBudget),
    ...steps.kept,
    step: (at) => steps.during(at.step, (batch) => rewardStep(batch, { ...task, options }, at)),
  };
}

/** One optimizer step over `pairs`. */
export async function rewardStep(
  pairs: readonly RewardPair[],
  run: { trainable: RewardTrainable; optimizer: AdamW; options: RewardOptions },
  { step, learningRate, signal, leaves, profile }: StepContext,
): Promise<StepReport> {
  const { trainable, optimizer, options } = run;
  await profile?.lap('data');
  const dropout = options.disableDropout ? undefined : { seed: options.seed, step };
  const metrics = await rewardBackward(trainable.reward, pairs, options, { dropout, signal, leaves });
  const { gradNorm, skipped } = await optimizer.step(learningRate);
  await profile?.lap('update');
  return {
    metrics: { ...metrics, grad_norm: gradNorm },
    tokens: pairs.reduce((sum, { chosen, rejected }) => sum + chosen.length + rejected.length, 0),
    examples: pairs.map(({ id }) => id),
    skipped,
  };
}

/** @throws ArgumentError where some pairs have a margin and others none: nobody said what theirs is */
function assertMargins(pairs: readonly Pick<RewardPair, 'id' | 'margin'>[]): void {
  const without = pairs.find(({ margin }) => margin === undefined);
  if (without === undefined || pairs.every(({ margin }) => margin === undefined)) return;
  throw new ArgumentError('pairs', {
    where: 'rewardTask',
    expected: 'a margin in every pair, or in none',
    received: `none in ${without.id}`,
  });
}

const made = maker({
  what: 'pairs',
  prepare: (rows: readonly PreferencePair[], { tokenizer, options }: MakerContext<RewardOptions>) =>
    prepareReward(tokenizer, rows, options),
  longest: ({ maxLength }: RewardOptions): RewardPair => {
    const [chosen, rejected] = [1, 2].map((first) => [first, ...longestSequence(maxLength).tokens.slice(1)]);
    return { id: LONGEST, chosen, rejected };
  },
});

export const reward = method({
  summary: 'a reward model: the better answer of each pair gets the larger number',
  source: 'Bradley and Terry 1952; arXiv 2203.02155, equation 1; TRL RewardTrainer',
  fields,
  rows: 'preferences',
  split: 'all',
  drops: true,
  withHead: true,
  // Nothing drops while disableDropout says so.
  presets: { default: { lora: { ...defaultLora, dropout: 0 } } },
  labels: ({ centerRewardsCoefficient: k }) =>
    `chosen answers get more than rejected ones${k > 0 ? `, and both a mean near 0 (${k})` : ''}`,
  // Both sides whole; the reward is that of the last token.
  show: ({ row, options, tokenizer }) => [
    shownPart('pair', prepareReward(tokenizer, [row], options), ({ chosen, rejected }) =>
      Object.entries({ chosen, rejected }).map(([name, tokens]) => ({
        name,
        tokens: [...tokens],
        kinds: tokens.map((_, i) => (i === tokens.length - 1 ? 'reward' : 'prompt')),
      })),
    ),
  ],
  made,
  async task({ rows, options, tokenizer, policyWithHead, examplesOf, usable, heldOut, note }) {
    const own = { tokenizer, options };
    // Which pairs stay by their lengths is known of all of them together.
    const pairs =
      options.pairLengths === 'all'
        ? await examplesOf(made)
        : await usable(
            made.what,
            rows,
            (of) => made.prepare(of, own),
            (all) => teachingPairs(all, rows, options, note),
          );
    // Those of a stream are looked at as rows: which of them are left out is not known yet.
    if (!areKnown(pairs)) assertMargins(rows);
    const held = await heldOut('pairs', (of) => made.prepare(of, own));
    return rewardTask(policyWithHead(), pairs, options, held);
  },
});
