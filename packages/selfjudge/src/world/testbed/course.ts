import { mean } from '@selfjudge/base/internal';
import type { Model } from '@selfjudge/engine';
import type { Judge } from '@selfjudge/judging';
import type { Metrics } from '@selfjudge/training';
import { readMetrics } from '@selfjudge/training/runs/internal';
import { heldToStart, type HeldOut } from '../heldOut.js';
import { SLOTS, type Slot } from '../facts.js';
import type { PhaseHooks } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import { inWorld, openTest } from './rung.js';

/** The policy of self-training after a step: what gold says of it, and what a run without gold sees. */
export interface CoursePoint {
  step: number;
  gold: number;
  /** Nats an answer from the start. */
  kl: number;
  slots: Record<Slot, number>;
  tokens: number;
  /** The frozen judge on pairs of its answers: how often right, how often for the longer, and how often that is the better. */
  right: number;
  picksLonger: number;
  longerIsBetter: number;
  /** On dev prompts, against the start, by the frozen judge. */
  winRate: number;
  /**
   * In training, the mean since the point before: pairs on which both orders name the same answer. Absent at the start, and of a judge that
   * is held to the start, whose verdicts have no orders.
   */
  orderAgreement?: number;
}
export type Course = Record<'plain' | 'held', CoursePoint[]>;

/** Self-training to its last step, however far it goes, by the judge alone and held to the start; scored every 20 steps. */
export const courseOf = (options: WorldOptions, hooks: PhaseHooks): Promise<Course> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const jsft = await keep(world.jsft(base));
    const test = await openTest(world, jsft.model);
    const begin = point(0, await measured(test, jsft.model, 0));
    const course = async (name: string, judge: Judge) => {
      const { folder } = await keep(
        world.selfTrain(jsft.model, {
          name,
          judge,
          settings: { maxKl: 1e6 },
          observe: (policy, step) => measured(test, policy, step),
        }),
      );
      return [begin, ...pointsOf(readMetrics(folder).rows)];
    };
    return {
      plain: await course('course', world.judge(jsft.model)),
      held: await course('course-reference', heldToStart(world, jsft.model)),
    };
  });

async function measured(test: HeldOut, policy: Model, step: number): Promise<Metrics> {
  const { score, kl, answers } = await test.score(policy, step);
  const { accuracy, picksLonger, longerIsBetter } = await test.judged(answers);
  const slots = SLOTS.map((slot) => [`test/${slot}`, score.slots[slot]]);
  return {
    'test/gold': score.gold.value,
    'test/kl': kl,
    'test/tokens': score.tokens,
    'test/right': accuracy.value,
    'test/picks_longer': picksLonger,
    'test/longer_is_better': longerIsBetter,
    ...Object.fromEntries(slots),
  };
}

function pointsOf(rows: readonly { step: number; metrics: Metrics }[]): CoursePoint[] {
  const points: CoursePoint[] = [];
  let agreed: number[] = [];
  for (const { step, metrics } of rows) {
    const { 'judge/position_consistency': agreement } = metrics;
    if (agreement !== undefined) agreed.push(agreement);
    if (metrics['test/gold'] === undefined) continue;
    points.push({ ...point(step, metrics), ...(agreed.length > 0 && { orderAgreement: mean(agreed) }) });
    agreed = [];
  }
  return points;
}

const point = (step: number, metrics: Metrics): CoursePoint => ({
  step,
  gold: metrics['test/gold'],
  kl: metrics['test/kl'],
  slots: Object.fromEntries(SLOTS.map((slot) => [slot, metrics[`test/${slot}`]])) as Record<Slot, number>,
  tokens: metrics['test/tokens'],
  right: metrics['test/right'],
  picksLonger: metrics['test/picks_longer'],
  longerIsBetter: metrics['test/longer_is_better'],
  winRate: metrics['eval/judge_win_rate'] ?? 0.5,
});
