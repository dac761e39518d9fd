import { withDefaults, type OptionsOf } from '@selfjudge/base/fields';
import { mean } from '@selfjudge/base/internal';
import type { PreferencePair } from '@selfjudge/data';
import type { SampledAnswer } from '@selfjudge/engine';
import type { Judge } from '@selfjudge/judging';
import type { Tokenizer } from '@selfjudge/text';
import { lossFaults } from '../losses/lossFaults.js';
import { lossText } from '../losses/lossTerms.js';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutPairs } from './heldOutPairs.js';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { referenceFields } from '../options/reference.js';
import type { Keeping } from '../options/sampling.js';
import { lengthFields } from '../options/supervised.js';
import { contestOf, decide, type Contest } from '../pairs/contest.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import { taskOver } from '../loop/taskOver.js';
import { workloadOf } from '../loop/workload.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { contestStep } from './contestStep.js';
import { dpo } from './dpo.js';
import { judgedBy, method } from './method.js';
import { PairReview } from './pairReview.js';
import type { TokenPair } from '../pairs/tokenPair.js';
import { referenceFaults, referenceText, runReference } from './runReference.js';
import { preparePairs, type Prepared } from './prepare.js';
import { fields as selfTrainingFields } from './selfTrainingRun.js';

const { referenceWeight } = selfTrainingFields;
const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...heldOutFields(['loss', 'accuracy']),
  ...lengthFields,
  ...preferenceFields,
  ...referenceFields,
  referenceWeight,
};
export type OfflineSelfTrainingOptions = OptionsOf<typeof fields>;

/** Two answers of a file, nobody having said yet which is better: `a` is the one that the file calls the better. */
export type LabelledContest = Pick<Contest, 'prompt' | 'a' | 'b'>;

/** A tie is no pair: of labelled answers there is no first and second. */
const KEEPING: Keeping = { missingEos: 'keep', ties: 'drop' };

/** Pairs as `preparePairs` makes them, with the texts that a judge reads: those are whole, also where the tokens are cut. */
export function prepareOffline(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  options: { maxLength: number },
): Prepared<LabelledContest> {
  const out: Prepared<LabelledContest> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { examples, dropped, cut } = preparePairs(tokenizer, [row], options);
    out.dropped.push(...dropped);
    out.cut += cut;
    for (const { id, prompt, chosen, rejected } of examples) {
      const answer = (tokens: number[], text: string): SampledAnswer => ({
        tokens,
        text,
        logprobs: new Float32Array(0),
        finish: tokenizer.eos.includes(tokens[tokens.length - 1]) ? 'eos' : 'length',
      });
      const [a, b] = [answer(chosen.tokens, row.chosen), answer(rejected.tokens, row.rejected)];
      out.examples.push(contestOf({ id, text: row.prompt, tokens: prompt }, a, b));
    }
  }
  return out;
}

/**
 * SELF-JUDGE without its samples: preference training on the labelled answers of a file, relabelled by the judge. What the
 * judge says is a function of the pair, so each is judged when a step first needs it, and again by a run that goes on.
 * @param heldOut pairs that are never trained on, measured by their own labels
 */
export function offlineSelfTrainingTask(
  run: { trainable: PreferenceTrainable; judge: Judge; options: OfflineSelfTrainingOptions },
  pairs: readonly LabelledContest[],
  heldOut: readonly TokenPair[] = [],
): TrainingTask {
  const { trainable, judge } = run;
  const options = { ...run.options, ...KEEPING, numGenerations: 2 };
  const task = taskOver(trainable, pairs.length, options);
  const reference = runReference(trainable, options, task.order.totalSteps);
  const known = new Map<number, Contest>();
  const review = new PairReview({ maxNewTokens: options.maxLength }, 'self-train-offline');
  const groupOf = ({ prompt, a, b }: LabelledContest) => ({
    id: prompt.id,
    sequences: [a.sequence, b.sequence],
  });
  return {
    ...task,
    ...reference.kept,
    selection: heldOutPairs(
      heldOut,
      { policy: trainable.policy, reference: reference.view, moves: reference.moves },
      options,
    ),
    workload: workloadOf(pairs, groupOf, task.order, options.tokenBudget),
    async step(at) {
      const batch = task.order.batch(at.step);
      await at.profile?.lap('data');
      const fresh = [...new Set(batch)].filter((i) => !known.has(i));
      const judged = await decide(
        fresh.map((i) => pairs[i].prompt),
        fresh.map((i) => [pairs[i].a, pairs[i].b]),
        judge,
        options,
        { tokenBudget: options.tokenBudget, signal: at.signal },
      );
      fresh.forEach((i, n) => known.set(i, judged[n]));
      await at.profile?.lap('judge');
      const contests = batch.map((i) => ({ ...known.get(i)! }));
      const report = await contestStep(contests, { ...task, reference, options }, at, false);
      const kept = contests.filter(({ fate }) => fate === 'pair');
      return {
        ...report,
        metrics: {
          ...report.metrics,
          ...(kept.length > 0 && {
            'judge/label_agreement': mean(kept.map(({ winner }) => Number(winner === 'a'))),
          }),
        },
      };
    },
    review: (row) => review.review(row),
    conclude() {
      review.conclude();
      task.conclude?.();
    },
  };
}

export const offlineSelfTraining = method({
  summary: 'preference training on the pairs of a file, relabelled by the judgments of the frozen start',
  source: 'arXiv 2402.11253, the offline variant; the labels of the file are not read',
  fields,
  rows: 'preferences',
  split: 'all',
  judgeTemplate: 'auto',
  drops: false,
  faults: (options) => [...lossFaults(options), ...referenceFaults(options)],
  labels: (options, template, judge) =>
    `the answers of the pairs, ${judgedBy(judge, 'its start', template)} (${lossText(options)}, beta ${options.beta}${referenceText(options)})`,
  show: ({ row, options, tokenizer, judgeTemplate }) =>
    dpo.show({ row, tokenizer, judgeTemplate, options: { ...options, precomputeRefLogProbs: false } }),
  async task({ rows, options, tokenizer, policyBesideStart, judge, usable, heldOut }) {
    const pairs = await usable('pairs', rows, (of) => prepareOffline(tokenizer, of, options));
    const trainable = policyBesideStart();
    const run = { trainable, judge: judge(trainable.reference), options };
    const held = await heldOut('pairs', (of) => preparePairs(tokenizer, of, options));
    return offlineSelfTrainingTask(run, pairs, held);
  },
});
