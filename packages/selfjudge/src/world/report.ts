import type { Model } from '@selfjudge/engine';
import type { Estimate } from '@selfjudge/evaluation';
import { gold } from './gold.js';
import { HeldOut, type BestOf } from './heldOut.js';
import { difference, type JudgeScore, type WorldScore } from './measure.js';
import type { SignalPoint, Trained } from './phase.js';
import type { WorldTraining } from './training.js';

/** One row of the result table. */
export interface Contender {
  name: string;
  score: Omit<WorldScore, 'prompts'>;
  /** Nats a sequence to JSFT on own samples. */
  kl: number;
  /** The step whose policy was kept. */
  step: number;
}

/** SELF-JUDGE minus another contender on the same prompts. */
export interface Comparison {
  against: string;
  gold: Estimate;
  win: Estimate;
}

/** A test prompt with an answer before and after self-training. */
export interface Example {
  prompt: string;
  before: { text: string; gold: number };
  after: { text: string; gold: number };
}

export interface WorldReport {
  /**
   * The frozen judge on pairs of answers to held-out prompts: of its own, and of the policy that it trained; and the base, which
   * no label has taught, on the first.
   */
  judge: { base: JudgeScore; start: JudgeScore; end: JudgeScore };
  contenders: Contender[];
  comparisons: Comparison[];
  /** Policy -> one answer, and the best of many. */
  bestOf: { name: string; rows: BestOf[] }[];
  /** Of self-training: what its own judge said on dev prompts. */
  curve: SignalPoint[];
  examples: Example[];
}

export interface TrainedModels {
  base: Model;
  sft: Trained;
  jsft: Trained;
  selfTrained: Trained;
  voteDpo: Trained;
}

export interface ReportOptions {
  /** Held-out prompts. */
  testPrompts: number;
  /** Answers a prompt. */
  samples: number;
  /** Answers a prompt that a tournament chooses from, and of how many prompts. */
  bestOf: number;
  bestOfPrompts: number;
}

/** Scores everything on the test prompts, once: nothing was chosen on them. */
export async function reportOn(
  world: WorldTraining,
  { base, sft, jsft, selfTrained, voteDpo }: TrainedModels,
  options: ReportOptions,
): Promise<WorldReport> {
  const test = await HeldOut.open(
    world,
    jsft.model,
    world.splits.test.slice(0, options.testPrompts),
    options.samples,
  );
  const policy = async (name: string, { model, step }: Trained) => ({
    name,
    step,
    ...(await test.score(model)),
  });
  const plain = await policy('SFT', sft);
  const start = await policy('JSFT', jsft);
  const vote = await policy("DPO on the judge's labels", voteDpo);
  const own = await policy('SELF-JUDGE', selfTrained);
  const best = async (name: string, { model }: Trained) => ({
    name,
    rows: await test.bestOf(model, [1, options.bestOf], options.bestOfPrompts),
  });
  return {
    judge: {
      base: await test.judged(start.answers, world.judge(base)),
      start: await test.judged(start.answers),
      end: await test.judged(own.answers),
    },
    contenders: [plain, start, vote, own].map(row),
    comparisons: [plain, start, vote].map(({ name, score }) => ({
      against: name,
      ...difference(own.score, score),
    })),
    bestOf: [await best('JSFT', jsft), await best('SELF-JUDGE', selfTrained)],
    curve: selfTrained.curve,
    examples: test.prompts
      .map((prompt, i) => ({
        category: prompt.category,
        prompt: prompt.text,
        before: { text: start.answers[i][0], gold: gold(prompt, start.answers[i][0]).score },
        after: { text: own.answers[i][0], gold: gold(prompt, own.answers[i][0]).score },
      }))
      .filter(({ before, after }) => Math.abs(before.gold - after.gold) >= VISIBLE)
      .filter(({ category }, i, all) => all.findIndex((other) => other.category === category) === i)
      .map(({ prompt, before, after }) => ({ prompt, before, after }))
      .slice(0, EXAMPLES),
  };
}

/** A difference in gold that a reader sees at once: two slots. */
const VISIBLE = 0.3;
const EXAMPLES = 3;

function row({ name, score, kl, step }: Contender & { score: WorldScore }): Contender {
  const { gold, perfect, win, slots, tokens, surplus } = score;
  return { name, score: { gold, perfect, win, slots, tokens, surplus }, kl, step };
}
