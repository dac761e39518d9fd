import { wilson } from '@selfjudge/evaluation/internal';
import { percent } from './judgePanel.js';
import { ends, type RunReport } from './runReport.js';

/**
 * The run in four sentences: did the judge learn, did the policy improve by an independent measure, does length explain it,
 * what to do next. Each says what its figure is of; where nothing was measured it says that.
 *
 * @param next the command that comes after the run; absent for one that goes on
 */
export function reading(report: RunReport, next: string | undefined): string[] {
  return [judged(report), improved(report), byLength(report), further(report, next)];
}

function judged(report: RunReport): string {
  const { rows } = report;
  const held = measured(report, 'eval_judge_accuracy');
  if (held !== undefined)
    return `The judge names the labelled answer in ${shareOf(held.value, held.metrics.eval_judge_pairs)} held-out pairs at step ${held.step}, from both orders of each.`;
  const learnt = ends(rows, 'verdict_accuracy');
  if (learnt !== undefined)
    return `The judge names the labelled answer in ${percent(learnt.last)} of the verdicts it is trained on, ${percent(learnt.first)} at the start; how it judges pairs it has not seen is told by evaluate.`;
  const orders = ends(rows, 'judge/position_consistency');
  if (orders !== undefined)
    return `The judge is frozen and learns nothing here: it names the same answer in both orders in ${percent(orders.last)} of its questions at the end, ${percent(orders.first)} at the start${orders.last < orders.first - 0.05 ? ', so it knows less of the answers the policy gives now' : ''}.`;
  const reward = measured(report, 'eval_accuracy');
  if (reward !== undefined)
    return `The reward model gives the better answer of ${percent(reward.value)} of the held-out pairs the larger reward at step ${reward.step}.`;
  const pairs = ends(rows, 'accuracy');
  if (pairs !== undefined)
    return `The reward model gives the better answer of its training pairs the larger reward in ${percent(pairs.last)}, ${percent(pairs.first)} at the start.`;
  return 'No judge took part in this run.';
}

function improved({ rows, config, summary }: RunReport): string {
  const outside = rows.findLast(({ metrics }) => metrics['eval/outside_win_rate'] !== undefined);
  if (outside !== undefined) {
    const rate = outside.metrics['eval/outside_win_rate'];
    const { n } = (summary.chosenBy ?? {}) as { n?: unknown };
    return `An outside judge prefers the answers of step ${outside.step} to those of the start in ${verdictOn(rate, n)}.`;
  }
  const own = ends(rows, 'eval/judge_win_rate');
  if (own !== undefined)
    return `Nobody independent looked at the answers: the judge it is optimised against prefers them to the start's in ${percent(own.last)}, which is no evidence (outside_judge names another).`;
  const held = rows.filter(({ metrics }) => Number.isFinite(metrics.eval_loss));
  if (held.length > 0) {
    const [first, last] = [held[0], held[held.length - 1]];
    const pairs = last.metrics['eval_rewards/accuracies'];
    const ranked =
      pairs === undefined ? '' : `, and ${percent(pairs)} of the pairs are ranked as their labels at the end`;
    const loss = `${last.metrics.eval_loss.toPrecision(3)} at step ${last.step}`;
    const went = `went from ${first.metrics.eval_loss.toPrecision(3)} at step ${first.step} to ${loss}`;
    return `The loss on held-out rows ${held.length > 1 ? went : `was ${loss}, measured once`}${ranked}; whether answers are better is told by evaluate.`;
  }
  if (config.verb === 'dpo' || config.verb === 'self-train')
    return 'Nobody compared the answers with those of the start: give eval_steps with an outside_judge, or evaluate.';
  const loss = ends(rows, 'loss');
  return loss === undefined
    ? 'No step is done yet.'
    : `The loss on what it is trained on went from ${loss.first.toPrecision(3)} to ${loss.last.toPrecision(3)}; whether answers are better is told by evaluate.`;
}

/** What was measured at the step that was kept, else at the last that measured it. */
function measured({ rows, summary }: RunReport, key: string) {
  const known = rows.filter(({ metrics }) => Number.isFinite(metrics[key]));
  const row = known.find(({ step }) => step === summary.bestStep) ?? known.at(-1);
  return row && { step: row.step, metrics: row.metrics, value: row.metrics[key] };
}

/** A share of so many, with its interval. */
function shareOf(rate: number, n: number): string {
  const { low, high } = wilson(rate * n, n);
  return `${percent(rate)} [${percent(low)}, ${percent(high)}] of ${n}`;
}

/** Which step was kept and who chose it, of a run that chose. */
export function kept({ summary }: RunReport): string | undefined {
  const { judge, n, of = 'dev prompts' } = (summary.chosenBy ?? {}) as Record<string, unknown>;
  if (typeof judge !== 'string') return undefined;
  return `step ${String(summary.bestStep)} kept, best by ${judge} on ${String(n)} ${String(of)}`;
}

/** @param n prompts that the rate is of, where the run wrote it down */
function verdictOn(rate: number, n: unknown): string {
  if (typeof n !== 'number' || !Number.isFinite(rate)) return `${percent(rate)} of the dev prompts`;
  const { low, high } = wilson(rate * n, n);
  const means =
    low > 0.5 ? 'more often than not' : high < 0.5 ? 'less often than not' : 'neither more nor less often';
  return `${percent(rate)} [${percent(low)}, ${percent(high)}] of ${n} dev prompts: ${means}`;
}

function byLength({ rows }: RunReport): string {
  const length = ends(rows, 'completions/mean_length');
  if (length === undefined) return 'No answers were sampled, so their length says nothing here.';
  const change = length.last / length.first - 1;
  const longer = ends(rows, 'judge/longer_rate');
  const picks =
    longer === undefined
      ? ''
      : `; of two answers of different length the longer wins ${percent(longer.last)}`;
  const moved = `Answers have ${length.last.toFixed(0)} tokens at the end, ${length.first.toFixed(0)} at the start${picks}`;
  return change > 0.15 && (longer?.last ?? 0.5) > 0.6
    ? `${moved}: length may explain what the judge likes.`
    : `${moved}: length alone does not explain the change.`;
}

function further({ facts, rows }: RunReport, next: string | undefined): string {
  const cut = ends(rows, 'completions/clipped_ratio');
  if (cut !== undefined && cut.last > 0.3)
    return `Next: raise max_new_tokens, as ${percent(cut.last)} of the answers are cut before their end.`;
  if (facts.status !== 'complete') return 'Next: the same command again goes on from the newest checkpoint.';
  return next === undefined ? 'The run is complete.' : `Next: ${next}`;
}
