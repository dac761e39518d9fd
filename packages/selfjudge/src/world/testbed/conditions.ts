import { heldToStart, type BestOf } from '../heldOut.js';
import { voteLabels } from '../pairs.js';
import type { PhaseHooks } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import { inWorld, openTest, rungsOf, VOTE, type Rung } from './rung.js';

export interface Condition {
  rungs: Rung[];
  /** Policy -> the best of N of its answers. */
  bestOf: { name: string; rows: BestOf[] }[];
}

const BEST_OF = { counts: [1, 4, 16], prompts: 48 };

/** Self-training beside DPO on the same labels, in a world of any options: how many labels, how noisy, of whom. */
export const conditionOf = (options: WorldOptions, hooks: PhaseHooks): Promise<Condition> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const jsft = await keep(world.jsft(base));
    const start = jsft.model;
    const vote = await keep(world.dpo(start, voteLabels(world.pairs), 'dpo-vote'));
    const own = await keep(world.selfTrain(start));
    const judge = heldToStart(world, start);
    const held = await keep(world.selfTrain(start, { name: 'self-train-reference', judge }));
    const ways = [
      ['JSFT', jsft],
      [VOTE, vote],
      ['SELF-JUDGE', own],
      ['SELF-JUDGE + reference', held],
    ] as const;
    const test = await openTest(world, start);
    const { rungs } = await rungsOf(test, ways, VOTE);
    const bestOf: Condition['bestOf'] = [];
    for (const [name, { model }] of ways)
      if (name !== VOTE)
        bestOf.push({ name, rows: await test.bestOf(model, BEST_OF.counts, BEST_OF.prompts) });
    return { rungs, bestOf };
  });
