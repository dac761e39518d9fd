import { createHash } from 'node:crypto';
import type { ModelView } from '@selfjudge/engine';
import { ONE_RANK, type Ranks } from '@selfjudge/engine/internal';
import type { AdamW } from '../optimizer/adamw.js';
import { ArgumentError } from '@selfjudge/base';
import { flagField, withDefaults, type OptionFault, type OptionsOf } from '@selfjudge/base/fields';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutPairs } from './heldOutPairs.js';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { referenceFields } from '../options/reference.js';
import { lengthFields } from '../options/supervised.js';
import type { PreferencePair } from '@selfjudge/data';
import { LONGEST, longestAnswer, maker, type MakerContext } from './maker.js';
import { method } from './method.js';
import { preparePairs } from './prepare.js';
import { refuseMoving, referenceFaults, referenceText, runReference } from './runReference.js';
import { shownPart } from './shown.js';
import { bothAnswers, type TokenPair } from '../pairs/tokenPair.js';
import type { KeptSums } from '../losses/keptSums.js';
import {
  precomputeReference,
  preferenceBackward,
  withReference,
  type PreferenceViews,
} from '../losses/preferenceUpdate.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import { taskOver } from '../loop/taskOver.js';
import { bothKept } from '../loop/taskState.js';
import { areKnown, stepExamples, type Examples } from '../loop/stepExamples.js';
import { workloadOf } from '../loop/workload.js';
import type { PreferenceTrainable, Trainable } from '../optimizer/trainable.js';
import { hasRewards } from '../losses/preferenceMetrics.js';
import { lossFaults } from '../losses/lossFaults.js';
import { lossText, needsReference } from '../losses/lossTerms.js';

const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...heldOutFields(['loss', 'accuracy']),
  /** Tokens of prompt and answer at most. Longer answers are cut, pairs whose prompt leaves no room dropped; both counted. */
  ...lengthFields,
  ...preferenceFields,
  ...referenceFields,
  /** Score the reference once before the first step instead of in every step. */
  precomputeRefLogProbs: flagField(
    false,
    'score the reference once before the first step; kept beside the run for others of the same start and rows',
  ),
};
export type DpoOptions = OptionsOf<typeof fields>;

/** What of the options does not go together. */
export function dpoFaults(options: DpoOptions): OptionFault[] {
  const faults = [...lossFaults(options), ...referenceFaults(options)];
  if (options.precomputeRefLogProbs && options.syncRefModel)
    faults.push({
      key: 'precomputeRefLogProbs',
      expected: 'false with a reference that moves: what it says once is not what it says later',
      received: true,
    });
  if (options.precomputeRefLogProbs && !needsReference(options))
    faults.push({
      key: 'precomputeRefLogProbs',
      expected: `false with ${lossText(options)}, which has no reference`,
      received: true,
    });
  if (options.selectBy === 'accuracy' && !hasRewards(options))
    faults.push({
      key: 'selectBy',
      expected: `loss or none with ${lossText(options)}, which has no rewards to compare`,
      received: options.selectBy,
    });
  return faults;
}

/**
 * Preference training on fixed pairs (arXiv 2305.18290), with the loss of `options.lossType`.
 *
 * @param trainable beside its reference, where the loss has one; no other loss computes it
 * @param kept where the reference's log-probabilities of these pairs are kept, with `precomputeRefLogProbs`
 * @param heldOut pairs that are never trained on: `eval_loss`, `eval_rewards/accuracies`, ... are of all of them
 * @throws ArgumentError for a loss that has a reference where there is none
 */
export async function dpoTask(
  trainable: Trainable,
  pairs: Examples<TokenPair>,
  options: DpoOptions,
  kept?: KeptSums,
  heldOut: readonly TokenPair[] = [],
): Promise<TrainingTask> {
  const task = taskOver(trainable, pairs.length, options);
  const reference = needsReference(options)
    ? runReference(besideReference(trainable), options, task.order.totalSteps)
    : undefined;
  const views = { policy: trainable.policy, reference: reference?.view };
  const steps = stepExamples(pairs, task.order);
  if (options.precomputeRefLogProbs && !areKnown(pairs)) throw tooManyToPrecompute(pairs.length);
  let ready: TokenPair[] | undefined;
  const groupOf = (pair: TokenPair) => ({ id: pair.id, sequences: bothAnswers(pair) });
  return {
    ...task,
    ...bothKept(steps.kept, reference?.kept ?? {}),
    selection: heldOutPairs(heldOut, { ...views, moves: reference?.moves }, options),
    workload: workloadOf(pairs, groupOf, task.order, options.tokenBudget),
    step: async (at) => {
      // A reference that stands still says the same whenever it is asked.
      if (options.precomputeRefLogProbs && areKnown(pairs) && views.reference !== undefined && !ready) {
        ready = await precomputed([...pairs], {
          reference: views.reference,
          kept,
          tokenBudget: options.tokenBudget,
          signal: at.signal,
          ranks: at.leaves?.ranks ?? ONE_RANK,
        });
        await at.profile?.lap('reference');
      }
      const known = ready;
      return steps.during(at.step, async (batch) => {
        const scored = known === undefined ? batch : task.order.batch(at.step).map((i) => known[i]);
        const report = await dpoUpdate(scored, { views, optimizer: task.optimizer, options }, at);
        reference?.after(at.step);
        return report;
      });
    },
  };
}

const tooManyToPrecompute = (rows: number): ArgumentError =>
  new ArgumentError('precompute_ref_log_probs', {
    where: 'train',
    expected: `false for ${rows} rows, whose tokens are made as steps need them`,
    received: true,
  });

/** Pairs with what the reference says of them: as it was kept, else as it is asked now. */
async function precomputed(
  pairs: TokenPair[],
  by: { reference: ModelView; kept?: KeptSums; tokenBudget: number; signal?: AbortSignal; ranks: Ranks },
): Promise<TokenPair[]> {
  const { reference, kept, tokenBudget, signal, ranks } = by;
  // Other ranks may see another folder: what rank 0 finds counts.
  const [before] = ranks.gather(kept?.read(2 * pairs.length));
  if (before !== undefined)
    return pairs.map((pair, i) => withReference(pair, before.slice(2 * i, 2 * i + 2)));
  const ready = await precomputeReference(pairs, reference, tokenBudget, signal, ranks);
  if (ranks.rank === 0)
    kept?.write(ready.flatMap(({ chosen, rejected }) => [chosen.reference!, rejected.reference!]));
  return ready;
}

/** Of the tokens of pairs in their order: all that a reference is asked about. */
function tokensKey(pairs: readonly TokenPair[]): string {
  const hash = createHash('sha256');
  for (const { prompt, chosen, rejected } of pairs)
    hash.update(`${JSON.stringify([prompt, chosen.tokens, rejected.tokens])}\n`);
  return hash.digest('hex');
}

function besideReference(trainable: Trainable): PreferenceTrainable {
  if (trainable.reference !== undefined) return trainable as PreferenceTrainable;
  throw new ArgumentError('trainable', {
    where: 'dpoTask',
    expected: 'one beside its reference (loraTrainable, fullPreferenceTrainable), which the loss is about',
    received: 'a policy alone',
  });
}

/** @throws ArgumentError with `syncRefModel`: where its reference is, a task knows and a step does not */
export async function dpoStep(
  pairs: TokenPair[],
  { trainable, ...run }: { trainable: Trainable; optimizer: AdamW; options: DpoOptions },
  at: StepContext,
): Promise<StepReport> {
  refuseMoving(run.options, 'dpoStep', 'dpoTask');
  return dpoUpdate(pairs, { views: trainable, ...run }, at);
}

async function dpoUpdate(
  pairs: TokenPair[],
  run: { views: PreferenceViews; optimizer: AdamW; options: DpoOptions },
  at: StepContext,
): Promise<StepReport> {
  const { views, optimizer, options } = run;
  await at.profile?.lap('data');
  const metrics = await preferenceBackward(pairs, views, options, options.tokenBudget, at);
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

const made = maker({
  what: 'pairs',
  prepare: (rows: readonly PreferencePair[], { tokenizer, options }: MakerContext<DpoOptions>) =>
    preparePairs(tokenizer, rows, options),
  longest: ({ maxLength }: DpoOptions): TokenPair => {
    const [prompt, tokens] = longestAnswer(maxLength);
    return { id: LONGEST, prompt, chosen: { tokens }, rejected: { tokens: [1, ...tokens.slice(1)] } };
  },
});

export const dpo = method({
  summary: 'preference training on the pairs of a file',
  source:
    'arXiv 2305.18290, equation 7; other losses: docs/decisions/034; TRL DPOTrainer, CPOTrainer, ORPOTrainer',
  fields,
  rows: 'preferences',
  split: 'all',
  drops: false,
  faults: dpoFaults,
  labels: (options) =>
    `chosen answers before rejected ones (${lossText(options)}, beta ${options.beta}${referenceText(options)})`,
  show: ({ row, options, tokenizer }) => [
    shownPart('pair', preparePairs(tokenizer, [row], options), ({ prompt, chosen, rejected }) =>
      Object.entries({ chosen, rejected }).map(([name, { tokens }]) => ({
        name,
        tokens: [...prompt, ...tokens],
        kinds: [...prompt.map(() => 'prompt' as const), ...tokens.map(() => 'trained' as const)],
      })),
    ),
  ],
  made,
  async task({ options, tokenizer, policy, policyBesideStart, examplesOf, heldOut, keptSums }) {
    const pairs = await examplesOf(made);
    const trainable = needsReference(options) ? policyBesideStart() : policy();
    const kept = options.precomputeRefLogProbs && areKnown(pairs) ? keptSums(tokensKey(pairs)) : undefined;
    const held = await heldOut('pairs', (of) => made.prepare(of, { tokenizer, options }));
    return dpoTask(trainable, pairs, options, kept, held);
  },
});
