import type { Model } from '@selfjudge/engine';
import type { Estimate } from '@selfjudge/evaluation';
import { HeldOut, type Scored } from '../heldOut.js';
import { difference, type JudgeScore, type WorldScore } from '../measure.js';
import type { PhaseHooks, Trained } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import { WorldTraining } from '../training.js';

/** A way to train, and what came of it on held-out prompts. */
export interface Rung {
  name: string;
  gold: number;
  perfect: number;
  /** Over answers of the start, ties half. */
  win: number;
  slots: WorldScore['slots'];
  tokens: number;
  surplus: number;
  /** Nats an answer from the start. */
  kl: number;
  /** The step that was kept, and the wall time of training. */
  step: number;
  seconds: number;
  /** Gold less that of `against`, on the same prompts; NaN of that itself. */
  over: Estimate;
  /** The frozen judge on pairs of its answers. */
  judge: JudgeScore;
}

/** What every table scores on: held-out prompts, and answers to each. */
export const SCORED = { prompts: 240, samples: 4 };
export const VOTE = 'DPO on the vote';

type Owned = { dispose(): void };
/** Keeps what was trained until its table is done. */
export type Keep = <M extends Owned>(training: Promise<Trained<M>>) => Promise<Trained<M>>;

/** A table of one seed: opens its world and base, and gives back every model when it is done. */
export async function inWorld<T>(
  options: WorldOptions,
  hooks: PhaseHooks,
  table: (world: WorldTraining, base: Model, keep: Keep) => Promise<T>,
): Promise<T> {
  const owned: Owned[] = [];
  const own = <O extends Owned>(one: O): O => (owned.push(one), one);
  try {
    const world = await WorldTraining.open(options, hooks);
    const base = own(await world.base());
    return await table(world, base, async (training) => {
      const trained = await training;
      own(trained.model);
      return trained;
    });
  } finally {
    for (const one of owned) one.dispose();
  }
}

/** The test of a table, whose start is also its frozen judge. */
export function openTest(world: WorldTraining, start: Model): Promise<HeldOut> {
  world.hooks.onPhase('test', false);
  return HeldOut.open(world, start, world.splits.test.slice(0, SCORED.prompts), SCORED.samples);
}

/**
 * Scores each, in the order given.
 * @param against whose gold the others' is compared with
 * @param judge the frozen one that is scored on their answers
 */
export async function rungsOf(
  test: HeldOut,
  ways: readonly (readonly [name: string, trained: Pick<Trained, 'model' | 'step' | 'seconds'>])[],
  against: string,
  judge = test.judge,
): Promise<{ rungs: Rung[]; scored: Map<string, Scored> }> {
  const scored = new Map<string, Scored>();
  for (const [name, { model }] of ways) scored.set(name, await test.score(model));
  const rungs: Rung[] = [];
  for (const [name, { step, seconds }] of ways) {
    const { score, kl, answers } = scored.get(name)!;
    const { gold, perfect, win, slots, tokens, surplus } = score;
    rungs.push({
      name,
      gold: gold.value,
      perfect: perfect.value,
      win: win.value,
      slots,
      tokens,
      surplus,
      kl,
      step,
      seconds,
      over: difference(score, scored.get(against)!.score).gold,
      judge: await test.judged(answers, judge),
    });
  }
  return { rungs, scored };
}
