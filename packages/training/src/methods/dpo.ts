import type { AdamW } from '../optimizer/adamw.js';
import { flagField, withDefaults, type OptionsOf } from '@selfjudge/base/fields';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { lengthFields } from '../options/supervised.js';
import { method } from './method.js';
import { preparePairs } from './prepare.js';
import { shownPart } from './shown.js';
import { bothAnswers, type TokenPair } from '../pairs/tokenPair.js';
import { precomputeReference, preferenceBackward } from '../losses/preferenceUpdate.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import { taskOver } from '../loop/taskOver.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';

const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  /** Tokens of prompt and answer at most. Longer answers are cut, pairs whose prompt leaves no room dropped; both counted. */
  ...lengthFields,
  ...preferenceFields,
  /** Score the reference once before the first step instead of in every step. */
  precomputeRefLogProbs: flagField(false, 'score the reference once before the first step'),
};
export type DpoOptions = OptionsOf<typeof fields>;

/** Preference training on fixed pairs (arXiv 2305.18290), with the loss of `options.lossType`. */
export async function dpoTask(
  trainable: PreferenceTrainable,
  pairs: TokenPair[],
  options: DpoOptions,
): Promise<TrainingTask> {
  const task = taskOver(trainable, pairs.length, options);
  let ready = options.precomputeRefLogProbs ? undefined : pairs;
  const groupOf = (pair: TokenPair) => ({ id: pair.id, sequences: bothAnswers(pair) });
  return {
    ...task,
    workload: {
      groups: (step) => task.order.batch(step).map((i) => groupOf(pairs[i])),
      all: pairs.map(groupOf),
      tokenBudget: options.tokenBudget,
    },
    step: async (at) => {
      // The reference stands still: whenever it is asked, it says the same.
      ready ??= await precomputeReference(pairs, trainable.reference, options.tokenBudget, at.signal);
      const all = ready;
      return dpoStep(
        task.order.batch(at.step).map((i) => all[i]),
        { ...task, options },
        at,
      );
    },
  };
}

export async function dpoStep(
  pairs: TokenPair[],
  run: { trainable: PreferenceTrainable; optimizer: AdamW; options: DpoOptions },
  at: StepContext,
): Promise<StepReport> {
  const { trainable, optimizer, options } = run;
  await at.profile?.lap('data');
  const metrics = await preferenceBackward(pairs, trainable, options, options.tokenBudget, at);
  const { gradNorm, skipped } = await optimizer.step(at.learningRate);
  await at.profile?.lap('update');
  return {
    metrics: { ...metrics, grad_norm: gradNorm },
    tokens: pairTokens(pairs),
    examples: pairs.map(({ id }) => id),
    skipped,
  };
}

/** Tokens of both sequences of every pair, the prompt counted for each. */
export function pairTokens(pairs: TokenPair[]): number {
  return pairs.reduce(
    (sum, { prompt, chosen, rejected }) =>
      sum + 2 * prompt.length + chosen.tokens.length + rejected.tokens.length,
    0,
  );
}

export const dpo = method({
  summary: 'preference training on the pairs of a file',
  source: 'arXiv 2305.18290, equation 7; hinge and ipo: see preferenceLosses; TRL DPOTrainer',
  fields,
  rows: 'preferences',
  split: 'all',
  drops: false,
  heldToStart: true,
  labels: ({ lossType, beta }) => `chosen answers before rejected ones (${lossType}, beta ${beta})`,
  show: ({ row, options, tokenizer }) => [
    shownPart('pair', preparePairs(tokenizer, [row], options), ({ prompt, chosen, rejected }) =>
      Object.entries({ chosen, rejected }).map(([name, { tokens }]) => ({
        name,
        tokens: [...prompt, ...tokens],
        kinds: [...prompt.map(() => 'prompt' as const), ...tokens.map(() => 'trained' as const)],
      })),
    ),
  ],
  task({ rows, options, tokenizer, policyBesideStart, usable }) {
    const data = preparePairs(tokenizer, rows, options);
    const trainable = policyBesideStart();
    return dpoTask(trainable, usable('pairs', data), options);
  },
});
