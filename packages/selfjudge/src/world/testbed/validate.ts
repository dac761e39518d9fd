import { mean } from '@selfjudge/base/internal';
import { gold } from '../gold.js';
import { goldJudge } from '../goldJudge.js';
import { goldLabels } from '../pairs.js';
import type { PhaseHooks } from '../phase.js';
import { promptsByText } from '../prompts.js';
import type { WorldOptions } from '../settings.js';
import { inWorld, openTest, rungsOf } from './rung.js';
import { validity, type Validity } from './validity.js';

/** What a world has to be so that a result in it means something, of one seed. */
export interface SeedValidity extends Validity {
  /** Share of JSFT's answers without a fault, and of prompts with one among 64 of them. */
  perfect: number;
  reachable: number;
  /** Of JSFT, on pairs of its own answers. */
  judgeAccuracy: number;
  /** Mean gold of JSFT, of gold labels offline, of the gold judge on-policy; and the last less the one before. */
  start: number;
  offline: number;
  onPolicy: number;
  advantage: number;
}

/** Bounds that {@link SeedValidity} is held to. */
export const BOUNDS = { surface: 0.6, conflict: 0.15, perfect: 0.05, reachable: 0.3 };

const PAIRS = 20_000;
const REACHABLE = { prompts: 100, answers: 64 };

/** Trains JSFT, by the gold judge and on gold labels, and measures. What is trained stays in the world's folder. */
export const validateSeed = (options: WorldOptions, hooks: PhaseHooks): Promise<SeedValidity> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const { seed } = options;
    const jsft = await keep(world.jsft(base));
    const onPolicy = await keep(world.selfTrain(jsft.model, { name: 'self-train-gold', judge: goldJudge() }));
    const offline = await keep(world.dpo(jsft.model, goldLabels(world.pairs, promptsByText()), 'dpo-gold'));
    const ways = [
      ['JSFT', jsft],
      ['offline', offline],
      ['on-policy', onPolicy],
    ] as const;
    const test = await openTest(world, jsft.model);
    const { rungs, scored } = await rungsOf(test, ways, 'offline');
    const few = test.prompts.slice(0, REACHABLE.prompts);
    const many = await test.sampled(jsft.model, few, REACHABLE.answers);
    const found = many.map((all, i) => all.some(({ text }) => gold(few[i], text).score === 1));
    const [start, off, on] = rungs;
    return {
      ...validity(world.splits.labelled, options, PAIRS, seed),
      perfect: scored.get('JSFT')!.score.perfect.value,
      reachable: mean(found.map(Number)),
      judgeAccuracy: start.judge.accuracy.value,
      start: start.gold,
      offline: off.gold,
      onPolicy: on.gold,
      advantage: on.over.value,
    };
  });
