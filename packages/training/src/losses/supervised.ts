import type { DropoutKey, ModelView, PlannedTree, SequenceGroup } from '@selfjudge/engine';
import { plan, WHOLE, type Leaves } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import type { JudgeSequences } from '@selfjudge/judging';
import { mean } from '@selfjudge/base/internal';
import { accumulate } from './accumulate.js';
import { judgedPairs, judgedRow, rightOf, type JudgedPair, type LabelledSides } from './judgedPairs.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { Measured } from '../metrics/measured.js';
import type { JsftLossOptions } from '../options/supervised.js';

export const labelKinds = ['sft', 'verdict', 'rationale'] as const;
export type LabelKind = (typeof labelKinds)[number];

/** Sequences trained on by cross-entropy, with what each span of targets is. */
export interface SupervisedExample extends SequenceGroup {
  /** For reports of bad batches. */
  id: string;
  /** Of each sequence, the kind of each of its target spans. */
  kinds: LabelKind[][];
  /** Of a judge example, for the measure of held-out pairs. */
  judged?: LabelledSides;
}

/**
 * Adds the gradient of one optimizer step's loss, -sum of weight x logp over all labels.
 *
 * Every weight is normalised over the whole step, so the cut into trees leaves the gradient unchanged.
 * @returns `loss`, `loss/<kind>` (mean negative log-probability of its tokens, nats), `verdict_accuracy` where the
 *   sequences name the other verdicts as candidates, and `tokens`, the labels trained on.
 */
export async function supervisedBackward(
  policy: ModelView,
  examples: SupervisedExample[],
  options: JsftLossOptions,
  tokenBudget: number,
  dropout?: DropoutKey,
  signal?: AbortSignal,
  leaves?: Leaves,
): Promise<Metrics> {
  return supervisedPass(
    examples,
    options,
    tokenBudget,
    ({ batch }, gradient) => accumulate(policy, batch, gradient, dropout),
    { signal, leaves },
  );
}

/**
 * What `supervisedBackward` says of examples, without a gradient and without dropout; and of judge examples
 * `judge_accuracy`, the share of the questions whose labelled answer the judge names from both orders (no verdict counts
 * as another, a tie half; of a pair with several questions their mean), and `judge_pairs`, of how many pairs.
 */
export async function supervisedMeasures(
  policy: ModelView,
  examples: SupervisedExample[],
  options: JsftLossOptions,
  tokenBudget: number,
): Promise<Measured> {
  const judged: JudgedPair[] = [];
  const { tokens: _, ...metrics } = await supervisedPass(examples, options, tokenBudget, async (tree) => {
    const logp = await policy.score(tree.batch);
    for (const pair of judgedPairs(tree.groups, logp)) judged.push(pair);
    return logp;
  });
  if (judged.length === 0) return { metrics };
  return {
    metrics: { ...metrics, judge_accuracy: mean(judged.map(rightOf)), judge_pairs: judged.length },
    rows: judged.map(judgedRow),
  };
}

/** The loss over all labels, tree by tree. @param logprobs of a tree, given d loss / d each of them */
async function supervisedPass(
  examples: SupervisedExample[],
  options: JsftLossOptions,
  tokenBudget: number,
  logprobs: (tree: PlannedTree<SupervisedExample>, gradient: Float32Array) => Promise<Float32Array>,
  { signal, leaves = WHOLE }: { signal?: AbortSignal; leaves?: Leaves } = {},
): Promise<Metrics> {
  const weights = labelWeights(examples, options);
  const parts = await leaves.each(examples, async (slice) => {
    const means = new Means();
    let loss = 0;
    let tokens = 0;
    for (const tree of plan(slice, tokenBudget)) {
      signal?.throwIfAborted();
      const kinds = kindsOfLabels(tree);
      const gradient = Float32Array.from(kinds, (kind) => (kind === null ? 0 : -weights[kind]));
      const logp = await logprobs(tree, gradient);
      kinds.forEach((kind, i) => {
        if (kind === null) return;
        tokens++;
        loss -= weights[kind] * logp[i];
        means.add(`loss/${kind}`, -logp[i]);
      });
      addVerdictAccuracy(means, tree, kinds, logp);
    }
    return { loss, tokens, means: means.parts() };
  });
  return {
    loss: parts.reduce((sum, { loss }) => sum + loss, 0),
    ...new Means().merge(parts.map(({ means }) => means)).all(),
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

/** The weight of one label of each kind. A kind the step has none of weighs nothing. */
export function labelWeights(
  examples: readonly SupervisedExample[],
  options: JsftLossOptions,
): Record<LabelKind, number> {
  const { lossNormalization, sftWeight, judgeWeight, rationaleWeight } = options;
  const counts = { sft: 0, verdict: 0, rationale: 0 };
  for (const { sequences, kinds } of examples)
    sequences.forEach((sequence, s) =>
      sequence.targets?.forEach(([start, end], t) => (counts[kinds[s][t]] += end - start)),
    );
  if (lossNormalization === 'token') {
    const each = 1 / (counts.sft + counts.verdict + counts.rationale);
    return { sft: each, verdict: each, rationale: each };
  }
  const share = (weight: number, count: number) => (count === 0 ? 0 : weight / count);
  return {
    sft: share(sftWeight, counts.sft),
    verdict: share(judgeWeight, counts.verdict),
    rationale: share(rationaleWeight, counts.rationale),
  };
}

/** The kind of every label triple of a tree; null for candidates, which are only looked at. */
function kindsOfLabels({ batch, groups }: PlannedTree<SupervisedExample>): (LabelKind | null)[] {
  const kinds: (LabelKind | null)[] = [];
  for (const group of groups)
    group.sequences.forEach((sequence, s) => {
      sequence.targets?.forEach(([start, end], t) => {
        for (let p = start; p < end; p++) kinds.push(group.kinds[s][t]);
      });
      for (const { labels } of sequence.candidates ?? []) for (const _ of labels) kinds.push(null);
    });
  if (kinds.length !== batch.labels.label.length)
    throw new Error(`[supervised] ${kinds.length} labels planned, ${batch.labels.label.length} in the tree`);
  return kinds;
}

/** A verdict is right when no candidate predicted at its place is more probable. */
function addVerdictAccuracy(
  means: Means,
  { batch }: PlannedTree<SupervisedExample>,
  kinds: (LabelKind | null)[],
  logp: Float32Array,
): void {
  const { sequence, position } = batch.labels;
  const best = new Map<string, number>();
  const place = (i: number) => `${sequence[i]}:${position[i]}`;
  kinds.forEach((kind, i) => {
    if (kind === null) best.set(place(i), Math.max(best.get(place(i)) ?? -Infinity, logp[i]));
  });
  kinds.forEach((kind, i) => {
    const rival = best.get(place(i));
    if (kind === 'verdict' && rival !== undefined) means.add('verdict_accuracy', logp[i] >= rival ? 1 : 0);
  });
}

/** An SFT example: the whole sequence with the spans the assistant is trained on. */
export function sftExample(sequence: TreeSequence, id: string): SupervisedExample {
  return { id, sequences: [sequence], kinds: [(sequence.targets ?? []).map(() => 'sft' as const)] };
}

/** A judge example: every question about one pair in both orders, which must share an optimizer step. */
export function judgeExample(
  judged: Pick<JudgeSequences, 'sequences' | 'kinds'>,
  id: string,
): SupervisedExample {
  const { sequences, kinds } = judged;
  return { id, sequences, kinds };
}
