// The other ways of the literature to learn from the same labels, with the small world's splits and budgets.
import { RewardModel, type Model } from '@selfjudge/engine';
import type { Fields, OptionsOf } from '@selfjudge/base/fields';
import type { Judge } from '@selfjudge/judging';
import { fromScorer, rewardScorer } from '@selfjudge/judging/internal';
import type { Tokenizer } from '@selfjudge/text';
import {
  METHODS,
  type Method,
  type PreferenceTrainable,
  type TokenizedPrompt,
  type TrainingTask,
} from '@selfjudge/training';
import {
  ppoTask,
  prepareReward,
  presetOptions,
  raftTask,
  restTask,
  rewardTask,
  rewardTrainable,
  rsoTask,
  valueTrainable,
} from '@selfjudge/training/internal';
import { runPhase, type Trained } from './phase.js';
import { jsftSettings, ownAnswerBudget } from './settings.js';
import type { WorldTraining } from './training.js';

/** A reward model of the overall labels; the step of the best accuracy on noisy dev pairs is kept. */
export function trainReward(world: WorldTraining, base: Model): Promise<Trained<RewardModel>> {
  const { judgeBatchSize: trainBatchSize, ...jsft } = jsftSettings(world.options);
  const evalSteps = Math.max(1, Math.floor(jsft.maxSteps / 8));
  const settings = of(METHODS.reward, { ...jsft, trainBatchSize, evalSteps, selectBy: 'accuracy' });
  const build = async () => {
    const trainable = rewardTrainable(base.clone(), { seed: settings.seed, padTokenId: world.tokenizer.pad });
    const prepared = (pairs: typeof world.pairs) => prepareReward(world.tokenizer, pairs, settings).examples;
    const task = rewardTask(trainable, prepared(world.pairs), settings, prepared(world.devPairs()));
    return { model: trainable.reward, task };
  };
  const load = (path: string) => RewardModel.load(path, { device: world.device, dtype: 'float32' });
  return runPhase({ ...world.folder('reward', settings), build, load }, world.hooks);
}

/** It as judge. */
export const rewardJudge = (reward: RewardModel, world: WorldTraining): Judge =>
  fromScorer(rewardScorer(reward, world.tokenizer));

/** What a rival trains with. */
export interface RivalRun {
  /** Of its folder. */
  name: string;
  start: Model;
  /** Who ranks: the frozen judge, or a reward model. */
  judge: Judge;
  learningRate: number;
}

/** Ways to train on own answers. What is the method's own, such as how it samples, is as its paper has it. */
export const RIVALS = { rso, rest, raft, ppo };
export type Rival = keyof typeof RIVALS;

function rso(world: WorldTraining, run: RivalRun): Promise<Trained> {
  const options = settingsOf(METHODS.rso, world, run);
  return besideStart(world, run, options, (start, { prompts, dev }) =>
    rsoTask({ ...start, options }, { prompts, dev }),
  );
}

function rest(world: WorldTraining, run: RivalRun): Promise<Trained> {
  const options = settingsOf(METHODS.rest, world, run);
  return besideStart(world, run, options, (start, { prompts, dev }) =>
    restTask({ ...start, options }, prompts, { dev }),
  );
}

function raft(world: WorldTraining, run: RivalRun): Promise<Trained> {
  const options = settingsOf(METHODS.raft, world, run);
  return besideStart(world, run, options, (start, { prompts, dev }) =>
    raftTask({ ...start, options }, prompts, { dev }),
  );
}

/** PPO has no judge on dev prompts: its last step is kept. */
function ppo(world: WorldTraining, run: RivalRun): Promise<Trained> {
  const options = settingsOf(METHODS.ppo, world, run);
  return world.phase(run.name, options, async () => {
    const model = run.start.clone();
    const trainable = world.saving(valueTrainable(model, { seed: options.seed }));
    const { tokenizer } = world;
    return {
      model,
      task: ppoTask({ trainable, judge: run.judge, tokenizer, options }, world.ownPrompts(options)),
    };
  });
}

interface Start {
  trainable: PreferenceTrainable;
  judge: Judge;
  tokenizer: Tokenizer;
}
type Prompts = Record<'prompts' | 'dev', TokenizedPrompt[]>;

/** A policy that starts as `run.start` and is held to it. */
const besideStart = (
  world: WorldTraining,
  { name, start, judge }: RivalRun,
  options: Parameters<WorldTraining['ownPrompts']>[0],
  taskOf: (start: Start, prompts: Prompts) => TrainingTask,
): Promise<Trained> =>
  world.phase(name, options, async () => {
    const { tokenizer } = world;
    const { model, trainable } = world.startFrom(start);
    const prompts = { prompts: world.ownPrompts(options), dev: world.devPrompts() };
    return { model, task: taskOf({ trainable, judge, tokenizer }, prompts) };
  });

const settingsOf = <F extends Fields>(method: Method<F>, world: WorldTraining, { learningRate }: RivalRun) =>
  of(method, { ...ownAnswerBudget(world.options), learningRate });

/** A method's options with those of `budget` that it has. */
const of = <F extends Fields>(method: Method<F>, budget: object): OptionsOf<F> => ({
  ...presetOptions(method),
  ...Object.fromEntries(Object.entries(budget).filter(([key]) => key in method.fields)),
});
