import { mean } from '@selfjudge/base/internal';
import { gold } from '../gold.js';
import { goldJudge } from '../goldJudge.js';
import { difference, measure, scoreJudge } from '../measure.js';
import { goldLabels } from '../pairs.js';
import type { PhaseHooks } from '../phase.js';
import { promptsByText } from '../prompts.js';
import type { WorldOptions } from '../settings.js';
import { WorldTraining } from '../training.js';
import { validity, type Validity } from './validity.js';

/** What a world has to be so that a result in it means something, of one seed. */
export interface SeedValidity extends Validity {
  seed: number;
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
const SCORED = { prompts: 240, answers: 8 };

/** Trains JSFT, by the gold judge and on gold labels, and measures. What is trained stays in the world's folder. */
export async function validateSeed(options: WorldOptions, hooks: PhaseHooks): Promise<SeedValidity> {
  const { seed } = options;
  const world = await WorldTraining.open(options, hooks);
  const base = await world.base();
  const jsft = await world.jsft(base);
  const onPolicy = await world.selfTrain(jsft.model, goldJudge(), 'self-train-gold');
  const prompts = promptsByText();
  const offline = await world.dpo(jsft.model, goldLabels(world.pairs, prompts), 'dpo-gold');

  const test = world.splits.test.slice(0, SCORED.prompts);
  const of = async (model: typeof base, draw: number) =>
    (await world.answers(model, test, SCORED.answers, seed * 100 + draw)).map((all) =>
      all.map(({ text }) => text),
    );
  const start = await of(jsft.model, 50);
  const [before, off, on] = [start, await of(offline.model, 51), await of(onPolicy.model, 52)].map(
    (answers) => measure(test, answers, start),
  );
  const few = test.slice(0, REACHABLE.prompts);
  const many = await world.answers(jsft.model, few, REACHABLE.answers, seed * 100 + 53);
  const found = many.map((all, i) => all.some(({ text }) => gold(few[i], text).score === 1));
  const { accuracy } = await scoreJudge(world.judge(jsft.model), test, start, hooks.signal);
  for (const { model } of [jsft, onPolicy, offline]) model.dispose();
  base.dispose();
  return {
    seed,
    ...validity(world.splits.labelled, options, PAIRS, seed),
    perfect: before.perfect.value,
    reachable: mean(found.map(Number)),
    judgeAccuracy: accuracy.value,
    start: before.gold.value,
    offline: off.gold.value,
    onPolicy: on.gold.value,
    advantage: difference(on, off).gold.value,
  };
}
