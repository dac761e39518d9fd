import type { ModelView, SequenceGroup } from '@selfjudge/engine';
import { plan, scoreSequences } from '@selfjudge/engine/internal';
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
  { signal, profile }: { signal?: AbortSignal; profile?: Profile } = {},
): Promise<Metrics> {
  const { tokenBudget } = options;
  const matched = rows.map(({ prompt, answer }) => answerSequence(prompt, answer));
  const others = otherAnswers(rows, options);
  const byReference = await scoreSequences(
    matched.map((sequence, i) => [sequence, others[i]]),
    reference,
    tokenBudget,
    signal,
  );
  await profile?.lap('reference');
  const byPolicy = await scoreSequences(
    others.map((sequence) => [sequence]),
    policy,
    tokenBudget,
    signal,
  );
  const z = ktoDivergence(byPolicy.map(([logp], i) => ({ logp, reference: byReference[i][1] })));
  const means = new Means();
  const groups = rows.map((row, i): RowGroup => ({
    row,
    reference: byReference[i][0],
    sequences: [matched[i]],
  }));
  for (const { batch, groups: inTree } of plan(groups, tokenBudget)) {
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
  const [chosen, rejected] = [means.value('rewards/chosen'), means.value('rewards/rejected')];
  const margins = chosen - rejected;
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
