import { join } from 'node:path';
import { Random } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import type { Model } from '@selfjudge/engine';
import type { Judge } from '@selfjudge/judging';
import { scoreJudge } from '../measure.js';
import { makePairs } from '../pairs.js';
import type { PhaseHooks, Trained } from '../phase.js';
import { rewardJudge, trainReward } from '../rivals.js';
import { STREAM, type WorldOptions } from '../settings.js';
import type { WorldTemplate } from '../templates.js';
import type { JsftChange, WorldTraining } from '../training.js';
import { CORPUS_WRITERS, writeAnswer } from '../writer.js';
import { inWorld, openTest, rungsOf, type Keep, type Rung } from './rung.js';

/** A way to make a judge, and what it is worth as a judge and what as a policy. */
export interface JudgeRow {
  name: string;
  /** How often it is right on pairs of writers' answers, the same for all judges, before self-training; and after it, the policy. */
  right: number;
  rightAfter?: number;
  /** What answers before self-training by its verdicts, and after. */
  before: Rung;
  after: Rung;
}

/** As many demonstrations more. */
const MORE_DEMONSTRATIONS = 4;
const PAIRS = 4;

interface Made {
  judge: Judge;
  /** Who answers, and trains by its verdicts. */
  start: Trained;
}
type Make = (world: WorldTraining, base: Model, keep: Keep) => Promise<Made>;

const jsft =
  (change: (world: WorldTraining) => JsftChange = () => ({})): Make =>
  async (world, base, keep) => {
    const start = await keep(world.jsft(base, change(world)));
    return { judge: world.judge(start.model), start };
  };

const KINDS: readonly { name: string; template: WorldTemplate; make: Make }[] = [
  { name: 'principles', template: 'principles', make: jsft() },
  { name: 'plain', template: 'plain', make: jsft() },
  { name: 'rationales', template: 'rationale', make: jsft() },
  { name: 'shuffled rationales', template: 'rationale', make: jsft(() => ({ relabel: shuffleRationales })) },
  { name: 'judge only', template: 'principles', make: jsft(() => ({ settings: { sftWeight: 0 } })) },
  {
    name: `${MORE_DEMONSTRATIONS} x demonstrations`,
    template: 'principles',
    make: jsft((world) => ({ demonstrated: moreDemonstrations(world) })),
  },
  {
    name: 'reward model, on SFT',
    template: 'principles',
    make: async (world, base, keep) => {
      const start = await keep(world.sft(base));
      const { model } = await keep(trainReward(world, base));
      return { judge: rewardJudge(model, world), start };
    },
  },
];

/** Every way to make a judge of the same labels, on one seed. */
export async function judgesOf(options: WorldOptions, hooks: PhaseHooks): Promise<JudgeRow[]> {
  const rows: JudgeRow[] = [];
  for (const { name, template: judgeTemplate, make } of KINDS) {
    const outputDir = join(options.outputDir, name.replaceAll(/[^a-z0-9]+/g, '-'));
    const row = inWorld({ ...options, judgeTemplate, outputDir }, hooks, async (world, base, keep) => {
      const { judge, start } = await make(world, base, keep);
      const after = await keep(world.selfTrain(start.model, { judge }));
      const test = await openTest(world, start.model);
      const ways = [
        ['before', start],
        ['after', after],
      ] as const;
      const { rungs } = await rungsOf(test, ways, 'before', judge);
      const right = (by: Judge) => rightOnWritten(world, by);
      const isToken = name !== 'reward model, on SFT';
      return {
        name,
        right: await right(judge),
        ...(isToken && { rightAfter: await right(world.judge(after.model)) }),
        before: rungs[0],
        after: rungs[1],
      };
    });
    rows.push(await row);
  }
  return rows;
}

/** On pairs of answers that writers of all kinds wrote to the held-out prompts. */
async function rightOnWritten({ splits, options, hooks }: WorldTraining, judge: Judge): Promise<number> {
  const random = new Random(options.seed, STREAM.written);
  const answers = splits.test.map((prompt) =>
    Array.from({ length: 2 * PAIRS }, () => writeAnswer(prompt, CORPUS_WRITERS, random)),
  );
  return (await scoreJudge(judge, splits.test, answers, hooks.signal)).accuracy.value;
}

/** Each pair with the rationales of another: what they say is of other answers. */
function shuffleRationales(pairs: readonly PreferencePair[]): PreferencePair[] {
  const others = new Random(0, STREAM.written).shuffled(pairs.map(({ rationales }) => rationales));
  return pairs.map((pair, i) => ({ ...pair, rationales: others[i] }));
}

/** Of other pairs of the same writers, as noisy: their labels are not seen. */
function moreDemonstrations({ splits, options }: WorldTraining): PreferencePair[] {
  const { pairs, labelNoise: noise, sharedNoise, seed } = options;
  const own = { count: MORE_DEMONSTRATIONS * pairs, noise, sharedNoise, writers: options };
  return makePairs(splits.labelled, { ...own, seed: seed * 10 + STREAM.pairs });
}
