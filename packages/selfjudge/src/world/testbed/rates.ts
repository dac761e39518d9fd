import type { Model } from '@selfjudge/engine';
import { HeldOut } from '../heldOut.js';
import { voteLabels } from '../pairs.js';
import type { PhaseHooks, Trained } from '../phase.js';
import { RIVALS, type Rival } from '../rivals.js';
import type { WorldOptions } from '../settings.js';
import type { WorldTraining } from '../training.js';
import { inWorld } from './rung.js';

const SAMPLES = 4;

/** What came of a method at a learning rate, on dev prompts. */
export interface RateScore {
  rate: number;
  /** Wins against the start of the step that was kept, by the frozen judge, ties half: what a rate is chosen by. */
  winRate: number;
  gold: number;
  kl: number;
}

const GRID = [3e-5, 1e-4, 3e-4, 1e-3];

type Train = (
  world: WorldTraining,
  start: Model,
  run: { name: string; learningRate: number },
) => Promise<Trained>;
const rival =
  (method: Rival): Train =>
  (world, start, run) =>
    RIVALS[method](world, { ...run, start, judge: world.judge(start) });
const METHODS = {
  'self-train': (world, start, { name, learningRate }) =>
    world.selfTrain(start, { name, settings: { learningRate } }),
  'DPO on the vote': (world, start, { name, learningRate }) =>
    world.dpo(start, voteLabels(world.pairs), name, { learningRate }),
  rso: rival('rso'),
  rest: rival('rest'),
  raft: rival('raft'),
  ppo: rival('ppo'),
} satisfies Record<string, Train>;
export const RATED = Object.keys(METHODS) as (keyof typeof METHODS)[];

/** Trains a method at each rate of the grid, from the same start. What is trained stays in the world's folder. */
export const ratesOf = (
  options: WorldOptions,
  hooks: PhaseHooks,
  method: keyof typeof METHODS,
): Promise<RateScore[]> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const jsft = await keep(world.jsft(base));
    const test = await HeldOut.open(world, jsft.model, world.splits.dev, SAMPLES);
    const rates: RateScore[] = [];
    for (const learningRate of GRID) {
      const name = `${method}-${learningRate}`.replaceAll(' ', '-').toLowerCase();
      const { model } = await keep(METHODS[method](world, jsft.model, { name, learningRate }));
      const { score, kl, answers } = await test.score(model);
      rates.push({ rate: learningRate, winRate: await test.wins(answers), gold: score.gold.value, kl });
    }
    return rates;
  });
