import type { MetricsRow } from '@selfjudge/training/runs/internal';
import type { AlignedData } from 'uplot';

/** A chart of the report: metrics over steps. */
export interface Chart {
  title: string;
  /** What stands on its vertical axis. */
  unit: string;
  /** Names of metrics; those that a run has none of are left out, and so is a chart without one. */
  keys: readonly string[];
  /** Bounds of the vertical axis, where a share is drawn. */
  range?: [number, number];
}

const SHARE: [number, number] = [0, 1];
const CURVES: readonly Chart[] = [
  { title: 'Loss', unit: 'nats', keys: ['loss', 'loss/sft', 'loss/verdict', 'loss/rationale'] },
  {
    title: 'Loss on held-out rows',
    unit: 'nats',
    keys: ['eval_loss', 'eval_loss/sft', 'eval_loss/verdict', 'eval_loss/rationale'],
  },
  {
    title: 'Right on its training data',
    unit: 'share',
    keys: ['verdict_accuracy', 'accuracy'],
    range: SHARE,
  },
  { title: 'Rewards', unit: 'nats x beta', keys: ['rewards/chosen', 'rewards/rejected', 'rewards/margins'] },
  { title: 'Chosen above rejected', unit: 'share', keys: ['rewards/accuracies'], range: SHARE },
  {
    title: 'Right on held-out rows',
    unit: 'share',
    keys: ['eval_judge_accuracy', 'eval_verdict_accuracy', 'eval_accuracy', 'eval_rewards/accuracies'],
    range: SHARE,
  },
  {
    title: 'Rewards of held-out rows',
    unit: 'nats x beta',
    keys: ['eval_rewards/chosen', 'eval_rewards/rejected', 'eval_rewards/margins'],
  },
  {
    title: 'Distance from the start',
    unit: 'nats a sequence',
    keys: ['sampling/kl', 'eval/sampling_kl', 'eval/kl'],
  },
  {
    title: 'Distance from the reference that moves',
    unit: 'nats a sequence',
    keys: ['sampling/reference_kl'],
  },
  { title: 'Entropy', unit: 'nats a token', keys: ['sampling/neg_logprob', 'eval/entropy'] },
  {
    title: 'Preferred to the start',
    unit: 'share of dev prompts',
    keys: ['eval/outside_win_rate', 'eval/judge_win_rate', 'eval/outside_agreement'],
    range: SHARE,
  },
  {
    title: 'Length of answers',
    unit: 'tokens',
    keys: ['completions/mean_length', 'completions/min_length', 'completions/max_length'],
  },
  {
    title: 'What becomes of pairs',
    unit: 'share',
    keys: [
      'judge/pair_rate',
      'judge/ranked_rate',
      'judge/rank_tie_rate',
      'completions/equal_ratio',
      'completions/cut_ratio',
      'completions/clipped_ratio',
    ],
    range: SHARE,
  },
  { title: 'Gradient norm', unit: '', keys: ['grad_norm'] },
  { title: 'Learning rate', unit: '', keys: ['learning_rate'] },
  {
    title: 'Time of a step',
    unit: 'seconds',
    keys: ['time/generate', 'time/judge', 'time/reference', 'time/update', 'time/eval', 'time/other'],
  },
];
const JUDGE: readonly Chart[] = [
  {
    title: 'Both orders name the same answer',
    unit: 'share of questions',
    keys: ['judge/position_consistency'],
    range: SHARE,
  },
  { title: 'The answer shown first wins', unit: 'share of orders', keys: ['judge/first_rate'], range: SHARE },
  {
    title: 'The longer answer wins',
    unit: 'share of decided pairs',
    keys: ['judge/longer_rate'],
    range: SHARE,
  },
  { title: 'Margin', unit: 'score', keys: ['judge/margin'] },
  {
    title: 'Ties and no verdict',
    unit: 'share',
    keys: ['judge/tie_rate', 'judge/invalid_rate', 'judge/turned_by_reference'],
    range: SHARE,
  },
  { title: 'Probability on the two verdicts', unit: 'share', keys: ['judge/ab_mass'], range: SHARE },
];

/** A chart with its data: the steps, then the values of each key, null where a step has none. */
export interface DrawnChart extends Chart {
  /** What stands on its horizontal axis, where it is not the step. */
  x?: string;
  data: AlignedData;
}

/** The charts of a run that have something to show. */
export const chartsOf = (rows: readonly MetricsRow[]): { curves: DrawnChart[]; judge: DrawnChart[] } => ({
  curves: CURVES.flatMap((chart) => drawn(chart, rows)),
  judge: JUDGE.flatMap((chart) => drawn(chart, rows)),
});

function drawn(chart: Chart, rows: readonly MetricsRow[]): DrawnChart[] {
  const keys = chart.keys.filter((key) => rows.some(({ metrics }) => Number.isFinite(metrics[key])));
  if (keys.length === 0) return [];
  const values = keys.map((key) =>
    rows.map(({ metrics }) => (Number.isFinite(metrics[key]) ? Number(metrics[key].toPrecision(6)) : null)),
  );
  return [{ ...chart, keys, data: [rows.map(({ step }) => step), ...values] }];
}
