import type { Model } from '@selfjudge/engine';
import type { Judge } from '@selfjudge/judging';
import { readMetrics } from '@selfjudge/training/runs/internal';
import type { PhaseHooks, Trained } from '../phase.js';
import { RIVALS, rewardJudge, trainReward, type Rival } from '../rivals.js';
import { ownAnswerBudget, type WorldOptions } from '../settings.js';
import { inWorld, openTest, rungsOf, type Rung } from './rung.js';

/** A method of the literature with a start and somebody who ranks. */
export interface RivalRow extends Rung {
  method: Rival | 'self-train';
  start: 'SFT' | 'JSFT';
  by: 'judge' | 'reward model';
  /** Models of the size of the policy that training holds, the policy and its frozen start among them. */
  models: number;
  /** Their parameters, and 10^9 floating-point operations of training a prompt, as counted. */
  resident: number;
  gflop: number;
}

/** Learning rates: the middle of the grid of `ratesOf`. */
export const RIVAL_RATES: Record<Rival, number> = { rso: 1e-4, rest: 3e-4, raft: 3e-4, ppo: 1e-4 };

/** RSO, ReST, RAFT and PPO beside self-training: from the same starts, by the same rankers, with the same prompts and steps. */
export const rivalryOf = (options: WorldOptions, hooks: PhaseHooks): Promise<RivalRow[]> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const sft = await keep(world.sft(base));
    const jsft = await keep(world.jsft(base));
    const { model: reward } = await keep(trainReward(world, base));
    const starts = { SFT: sft.model, JSFT: jsft.model };
    const rankers = { judge: world.judge(jsft.model), 'reward model': rewardJudge(reward, world) };
    const rows: RivalRow[] = [];
    const test = await openTest(world, jsft.model);
    const add = async (
      of: Pick<RivalRow, 'method' | 'start' | 'by'>,
      train: (start: Model, judge: Judge, name: string) => Promise<Trained>,
    ) => {
      const name = `${of.method}-${of.start}-${of.by}`.replaceAll(' ', '-').toLowerCase();
      const trained = await keep(train(starts[of.start], rankers[of.by], name));
      const { rungs } = await rungsOf(test, [[name, trained]], name);
      const models = modelsOf(of);
      const { trainBatchSize } = ownAnswerBudget(options);
      const gflop = workOf(trained.folder) / trainBatchSize;
      rows.push({ ...rungs[0], ...of, models, resident: models * parametersOf(trained.model), gflop });
    };
    for (const start of ['SFT', 'JSFT'] as const)
      for (const by of ['judge', 'reward model'] as const) {
        await add({ method: 'self-train', start, by }, (model, judge, name) =>
          world.selfTrain(model, { name, judge }),
        );
        for (const method of Object.keys(RIVALS) as Rival[])
          await add({ method, start, by }, (model, judge, name) =>
            RIVALS[method](world, { name, start: model, judge, learningRate: RIVAL_RATES[method] }),
          );
      }
    return rows;
  });

const parametersOf = (model: Model): number =>
  sum([...model.parameters()].map(({ shape }) => shape.reduce((a, b) => a * b, 1)));

/** 10^9 floating-point operations a step, of all its phases. */
function workOf(folder: string): number {
  const { rows } = readMetrics(folder);
  const phases = rows.flatMap(({ metrics }) =>
    Object.entries(metrics).filter(([name]) => name.startsWith('flops/')),
  );
  return sum(phases.map(([, flops]) => flops)) / rows.length / 1e9;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The policy, its start (who judges too, where it is JSFT), who ranks otherwise, and the value model of PPO. */
const modelsOf = ({ method, start, by }: Pick<RivalRow, 'method' | 'start' | 'by'>): number =>
  2 + Number(by === 'reward model' || start === 'SFT') + Number(method === 'ppo');
