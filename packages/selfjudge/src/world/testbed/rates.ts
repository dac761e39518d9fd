import { HeldOut } from '../heldOut.js';
import { voteLabels } from '../pairs.js';
import type { PhaseHooks } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import { WorldTraining } from '../training.js';

/** What came of a method at a learning rate, on dev prompts. */
export interface RateScore {
  method: string;
  rate: number;
  /** Wins against the start of the step that was kept, by the frozen judge; .5 where that is the start itself. */
  winRate: number;
  gold: number;
  kl: number;
}

/** Trains self-training and DPO on the vote at each rate of the grid. What is trained stays in the world's folder. */
export async function ratesOf(
  { grid, ...options }: WorldOptions & { grid: readonly number[] },
  hooks: PhaseHooks,
): Promise<{ seed: number; rates: RateScore[] }> {
  const rates: RateScore[] = [];
  for (const rate of grid) {
    const world = await WorldTraining.open(
      { ...options, learningRate: rate, offlineLearningRate: rate },
      hooks,
    );
    const base = await world.base();
    const jsft = await world.jsft(base);
    const test = await HeldOut.open(world, jsft.model, world.splits.dev, 4);
    for (const method of ['self-train', 'dpo-vote']) {
      const name = `${method}-${rate}`;
      const trained = await (method === 'self-train'
        ? world.selfTrain(jsft.model, world.judge(jsft.model), name)
        : world.dpo(jsft.model, voteLabels(world.pairs), name));
      const { score, kl } = await test.score(trained.model);
      const winRate = trained.curve.find(({ step }) => step === trained.step)?.winRate ?? 0.5;
      rates.push({ method, rate, winRate, gold: score.gold.value, kl });
      trained.model.dispose();
    }
    jsft.model.dispose();
    base.dispose();
  }
  return { seed: options.seed, rates };
}
