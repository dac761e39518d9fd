import type { ModelView, SequenceGroup } from '@selfjudge/engine';
import { plan, scoreSequences, WHOLE, type Leaves, sharedScores } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import { accumulate } from './accumulate.js';
import { ktoDivergence, ktoLoss, type ScoredLabel } from './ktoLoss.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { Profile } from '../metrics/profile.js';
import type { KtoLossOptions } from '../options/kto.js';
import type { LabelledAnswer } from '../pairs/labelledAnswer.js';
import { answerSequence } from '../pairs/tokenPair.js';

interface RowGroup extends SequenceGroup {
  row: LabelledAnswer;
  reference: number;
}

/**
 * Adds the gradient of the mean KTO loss over `rows`.
 *
 * The divergence is estimated as in TRL: each prompt with the answer of the row before it, the first with that of the last,
 * by policy and reference, which costs a forward of each more. Of a step of one row the answer is its own.
 * @returns TRL's names: `loss`, `kl` (nats), `rewards/{chosen,rejected,margins}` and `logps/{chosen,rejected}` over the rows
 *   of that label, absent where there are none
 */
export async function ktoBackward(
  rows: readonly LabelledAnswer[],
  { policy, reference }: { policy: ModelView; reference: ModelView },
  options: KtoLossOptions & { maxLength: number; tokenBudget: number },
  at: { signal?: AbortSignal; profile?: Profile; leaves?: Leaves } = {},
): Promise<Metrics> {
  const { tokenBudget } = options;
  const { signal, profile, leaves = WHOLE } = at;
  const scoring = { tokenBudget, signal, ranks: leaves.ranks };
  const asked = ktoSequences(rows, options);
  const byReference = await sharedScores(asked.both, reference, scoring);
  await profile?.lap('reference');
  const z = await divergence(asked.others, byReference, policy, scoring);
  const groups = rows.map((row, i): RowGroup => ({
    row,
    reference: byReference[i][0],
    sequences: [asked.matched[i]],
  }));
  const said = await leaves.each(groups, async (slice) => {
    const means = new Means();
    for (const { batch, groups: inTree } of plan(slice, tokenBudget)) {
      signal?.throwIfAborted();
      await accumulate(policy, batch, (logp) => {
        const sums = batch.sums(logp);
        const scored = inTree.map(({ row: { label }, reference: by }, i) => ({
          logp: sums[i],
          reference: by,
          label,
        }));
        const losses = ktoLoss(scored, z, options);
        scored.forEach((answer, i) => addMetrics(means, answer, losses[i].value, options));
        return Float32Array.from(batch.labels.sequence, (s) => losses[s].slope / rows.length);
      });
    }
    return means.parts();
  });
  return withMargins(new Means().merge(said), z);
}

/**
 * What `ktoBackward` says of rows, without a gradient; the divergence is measured over all of them.
 * @param byReference of `ktoSequences(rows).both`
 */
export async function ktoMeasures(
  rows: readonly LabelledAnswer[],
  policy: ModelView,
  byReference: readonly number[][],
  options: KtoLossOptions & { maxLength: number; tokenBudget: number },
): Promise<Metrics> {
  const { tokenBudget } = options;
  const { matched, others } = ktoSequences(rows, options);
  const z = await divergence(others, byReference, policy, { tokenBudget });
  const sums = await scoreSequences(
    matched.map((sequence) => [sequence]),
    policy,
    tokenBudget,
  );
  const scored = rows.map(({ label }, i) => ({ logp: sums[i][0], reference: byReference[i][0], label }));
  const losses = ktoLoss(scored, z, options);
  const means = new Means();
  scored.forEach((answer, i) => addMetrics(means, answer, losses[i].value, options));
  return withMargins(means, z);
}

/** Of each row its own answer and another one's, which share its prompt. */
export function ktoSequences(rows: readonly LabelledAnswer[], options: { maxLength: number }) {
  const matched = rows.map(({ prompt, answer }) => answerSequence(prompt, answer));
  const others = otherAnswers(rows, options);
  return { matched, others, both: matched.map((sequence, i) => [sequence, others[i]]) };
}

/** @param byReference of each row its own answer and another one's */
async function divergence(
  others: readonly TreeSequence[],
  byReference: readonly number[][],
  policy: ModelView,
  scoring: Parameters<typeof sharedScores>[2],
): Promise<number> {
  const byPolicy = await sharedScores(
    others.map((sequence) => [sequence]),
    policy,
    scoring,
  );
  return ktoDivergence(byPolicy.map(([logp], i) => ({ logp, reference: byReference[i][1] })));
}

function withMargins(means: Means, z: number): Metrics {
  const margins = means.value('rewards/chosen') - means.value('rewards/rejected');
  return { ...means.all(), kl: z, ...(Number.isNaN(margins) ? {} : { 'rewards/margins': margins }) };
}

/** Each prompt with the answer of the row before, cut to the limit that all answers keep. */
const otherAnswers = (rows: readonly LabelledAnswer[], { maxLength }: { maxLength: number }) =>
  rows.map(({ prompt }, i) => {
    const { answer } = rows[(i + rows.length - 1) % rows.length];
    return answerSequence(prompt, answer.slice(0, Math.max(1, maxLength - prompt.length)));
  });

function addMetrics(
  means: Means,
  { logp, reference, label }: ScoredLabel,
  value: number,
  { beta }: KtoLossOptions,
) {
  const side = label ? 'chosen' : 'rejected';
  means.add('loss', value);
  means.add(`rewards/${side}`, beta * (logp - reference));
  means.add(`logps/${side}`, logp);
}
