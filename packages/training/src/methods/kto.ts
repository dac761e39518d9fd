import { sftContentOf, sftSequence } from '@selfjudge/data/internal';
import type { LabelledRow } from '@selfjudge/data';
import { scoreSequences } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { withDefaults, type OptionFault, type OptionsOf } from '@selfjudge/base/fields';
import { ktoBackward, ktoMeasures, ktoSequences } from '../losses/ktoUpdate.js';
import { taskOver } from '../loop/taskOver.js';
import { areKnown, stepExamples, type Examples } from '../loop/stepExamples.js';
import { workloadOf } from '../loop/workload.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import type { AdamW } from '../optimizer/adamw.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import { ktoFields } from '../options/kto.js';
import { heldOutFields } from '../options/heldOut.js';
import { heldOutSelection } from '../loop/heldOut.js';
import { loopFields } from '../options/loop.js';
import { preferenceLoop } from '../options/preference.js';
import { lengthFields } from '../options/supervised.js';
import type { LabelledAnswer } from '../pairs/labelledAnswer.js';
import { answerSequence } from '../pairs/tokenPair.js';
import { LONGEST, longestAnswer, maker, type MakerContext } from './maker.js';
import { method } from './method.js';
import { left, type Prepared } from './prepare.js';
import { shownPart } from './shown.js';

const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...heldOutFields(['loss']),
  ...lengthFields,
  ...ktoFields,
};
export type KtoOptions = OptionsOf<typeof fields>;

/** Answers with their labels as tokens. */
export function prepareLabelled(
  tokenizer: Tokenizer,
  rows: readonly LabelledRow[],
  options: { maxLength: number },
): Prepared<LabelledAnswer> {
  const out: Prepared<LabelledAnswer> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { id, label } = row;
    const { value, problem } = sftSequence(tokenizer, sftContentOf(row.prompt, row.completion), options);
    if (problem) {
      out.dropped.push(left(row, problem));
      continue;
    }
    const tokens = Array.from(value.sequence.tokens);
    const start = value.sequence.targets![0][0];
    out.examples.push({ id, prompt: tokens.slice(0, start), answer: tokens.slice(start), label });
    out.cut += Number(value.cut > 0);
  }
  return out;
}

/** A step of one row has no other answer to measure the divergence with. */
export const ktoFaults = ({ trainBatchSize }: KtoOptions): OptionFault[] =>
  trainBatchSize > 1
    ? []
    : [
        {
          key: 'trainBatchSize',
          expected: 'at least 2: the divergence is measured with the answers to other prompts of the step',
          received: trainBatchSize,
        },
      ];

/**
 * Training on answers that are wanted or not, without pairs (arXiv 2402.01306).
 * @param heldOut answers that are never trained on: `eval_loss`, `eval_rewards/margins`, ... are of all of them
 */
export function ktoTask(
  trainable: PreferenceTrainable,
  rows: Examples<LabelledAnswer>,
  options: KtoOptions,
  heldOut: readonly LabelledAnswer[] = [],
): TrainingTask {
  const task = taskOver(trainable, rows.length, options);
  const steps = stepExamples(rows, task.order);
  let byReference: number[][] | undefined;
  const measure = async () => {
    const { both } = ktoSequences(heldOut, options);
    byReference ??= await scoreSequences(both, trainable.reference, options.tokenBudget);
    return { metrics: await ktoMeasures(heldOut, trainable.policy, byReference, options) };
  };
  const groupOf = ({ id, prompt, answer }: LabelledAnswer) => ({
    id,
    sequences: [answerSequence(prompt, answer)],
  });
  return {
    ...task,
    selection: heldOutSelection(heldOut.length, options, measure),
    workload: workloadOf(rows, groupOf, task.order, options.tokenBudget),
    ...steps.kept,
    step: (at) => steps.during(at.step, (batch) => ktoStep(batch, { ...task, options }, at)),
  };
}

/** One optimizer step over `rows`. */
export async function ktoStep(
  rows: readonly LabelledAnswer[],
  run: { trainable: PreferenceTrainable; optimizer: AdamW; options: KtoOptions },
  at: StepContext,
): Promise<StepReport> {
  const { trainable, optimizer, options } = run;
  await at.profile?.lap('data');
  const metrics = await ktoBackward(rows, trainable, options, at);
  const { gradNorm, skipped } = await optimizer.step(at.learningRate);
  await at.profile?.lap('update');
  return {
    metrics: { ...metrics, grad_norm: gradNorm },
    tokens: rows.reduce((sum, { prompt, answer }) => sum + prompt.length + answer.length, 0),
    examples: rows.map(({ id }) => id),
    skipped,
  };
}

/** How much more the wanted answers weigh together than the others, and what the paper recommends; undefined where it is so. */
function imbalance(rows: readonly { label: boolean }[], options: KtoOptions): string | undefined {
  const wanted = rows.filter(({ label }) => label).length;
  const ratio =
    (options.desirableWeight * wanted) / (options.undesirableWeight * Math.max(1, rows.length - wanted));
  // arXiv 2402.01306, equation 8.
  if (ratio >= 1 && ratio <= 4 / 3) return undefined;
  return (
    `${wanted} of ${rows.length} answers are wanted: by their weights they count ${ratio.toPrecision(3)} times the ` +
    'others, and 1 to 1.33 is recommended; desirable_weight and undesirable_weight set it'
  );
}

const made = maker({
  what: 'answers',
  prepare: (rows: readonly LabelledRow[], { tokenizer, options }: MakerContext<KtoOptions>) =>
    prepareLabelled(tokenizer, rows, options),
  longest: ({ maxLength }: KtoOptions): LabelledAnswer => {
    const [prompt, answer] = longestAnswer(maxLength);
    return { id: LONGEST, prompt, answer, label: true };
  },
});

export const kto = method({
  summary: 'training on answers that are wanted or not, without pairs',
  source: 'arXiv 2402.01306, equation 7; TRL KTOTrainer',
  fields,
  rows: 'labelled',
  split: 'all',
  drops: false,
  faults: ktoFaults,
  labels: ({ beta }) => `answers whose label is true before those whose label is false (kto, beta ${beta})`,
  show: ({ row, options, tokenizer }) => [
    shownPart('answer', prepareLabelled(tokenizer, [row], options), ({ prompt, answer, label }) => [
      {
        name: label ? 'wanted' : 'unwanted',
        tokens: [...prompt, ...answer],
        kinds: [...prompt.map(() => 'prompt' as const), ...answer.map(() => 'trained' as const)],
      },
    ]),
  ],
  made,
  async task({ rows, options, tokenizer, policyBesideStart, examplesOf, heldOut, note }) {
    const answers = await examplesOf(made);
    const uneven = imbalance(areKnown(answers) ? answers : rows, options);
    if (uneven !== undefined) note(uneven);
    const held = await heldOut('answers', (of) => made.prepare(of, { tokenizer, options }));
    return ktoTask(policyBesideStart(), answers, options, held);
  },
});
