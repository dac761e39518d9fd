import type { Model } from '@selfjudge/engine';
import { judgeLabels } from '../pairs.js';
import type { PhaseHooks, Trained } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import { inWorld, openTest, rungsOf, type Rung } from './rung.js';

/** Who judges from the second round on: the first judge, the round's start, or that start taught by the same labels again. */
export const JUDGES = ['first', 'previous', 'retrained'] as const;
export type RoundJudge = (typeof JUDGES)[number];

export interface SeedRounds {
  /** Judge -> what each round ends with; the first round is the same for all. */
  rounds: Record<RoundJudge, Rung[]>;
  /** Judge -> of rounds 2 and later, how often it names on the labelled pairs whom the first judge names. */
  agreement: Record<RoundJudge, number[]>;
}

const ROUNDS = 3;

/** Self-training in rounds of a third of the steps: each begins with what the one before ended with, which is its start and its reference. */
export const roundsOf = (options: WorldOptions, hooks: PhaseHooks): Promise<SeedRounds> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const jsft = await keep(world.jsft(base));
    const maxSteps = Math.floor(options.steps / ROUNDS);
    const round = (start: Model, name: string, number: number, judge = world.judge(start)) =>
      keep(
        world.selfTrain(start, { name, judge, settings: { maxSteps, seed: options.seed + 1000 * number } }),
      );
    const first = await round(jsft.model, 'round-1', 0);
    const test = await openTest(world, jsft.model);
    const says = async (model: Model) =>
      (await judgeLabels(world.pairs, world.judge(model), hooks.signal)).map(
        ({ id, chosen }) => `${id} ${chosen as string}`,
      );
    const firstSays = new Set(await says(jsft.model));
    const rounds = {} as SeedRounds['rounds'];
    const agreement = {} as SeedRounds['agreement'];
    for (const mode of JUDGES) {
      const ways: [string, Trained][] = [['1', first]];
      agreement[mode] = [];
      for (let number = 1; number < ROUNDS; number++) {
        const start = ways.at(-1)![1].model;
        const judge =
          mode === 'first'
            ? jsft.model
            : mode === 'previous'
              ? start
              : (await keep(world.jsft(start, { name: `judge-${number + 1}`, settings: { sftWeight: 0 } })))
                  .model;
        const said = await says(judge);
        agreement[mode].push(said.filter((one) => firstSays.has(one)).length / said.length);
        ways.push([
          String(number + 1),
          await round(start, `round-${number + 1}-${mode}`, number, world.judge(judge)),
        ]);
      }
      rounds[mode] = (await rungsOf(test, ways, '1')).rungs;
    }
    return { rounds, agreement };
  });
