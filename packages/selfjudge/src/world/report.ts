import { mean } from '@selfjudge/base/internal';
import type { Model } from '@selfjudge/engine';
import { scoreSequences } from '@selfjudge/engine/internal';
import { promptIds } from '@selfjudge/data/internal';
import type { Estimate } from '@selfjudge/evaluation';
import { tournament } from '@selfjudge/judging/internal';
import { answerSequence } from '@selfjudge/training/internal';
import { gold } from './gold.js';
import { difference, judgeAccuracy, measure, type WorldScore } from './measure.js';
import type { SignalPoint, Trained } from './phase.js';
import type { WorldAnswer, WorldTraining } from './training.js';

/** One row of the result table. */
export interface Contender {
  name: string;
  score: Omit<WorldScore, 'prompts'>;
  /** Nats a sequence to JSFT on own samples; absent where it makes no sense. */
  kl?: number;
  /** The step whose policy was kept. */
  step?: number;
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
  /** Against gold, on pairs of JSFT's own answers to held-out prompts. */
  judgeAccuracy: Estimate;
  contenders: Contender[];
  comparisons: Comparison[];
  /** Of self-training: what its own judge said on dev prompts. */
  curve: SignalPoint[];
  examples: Example[];
}

export interface TrainedModels {
  jsft: Trained;
  selfTrained: Trained;
  dpo: Trained;
  voteDpo: Trained;
}

export interface ReportOptions {
  /** Answers a prompt. */
  samples: number;
  /** Answers a prompt that a tournament chooses from. */
  bestOf: number;
}

/** Scores everything on the test prompts, once: nothing was chosen on them. */
export async function reportOn(
  world: WorldTraining,
  { jsft, selfTrained, dpo, voteDpo }: TrainedModels,
  { samples, bestOf }: ReportOptions,
): Promise<WorldReport> {
  const { test } = world.splits;
  const { seed } = world.options;
  const judge = world.judge(jsft.model);
  const { signal } = world.hooks;

  const start = texts(await world.answers(jsft.model, test, samples, seed + 9));
  const baseline = { name: 'JSFT', score: measure(test, start, start) };
  const policy = async (name: string, { model, step }: Trained) => {
    const answers = await world.answers(model, test, samples, seed + 9);
    const kl = await klToStart(world, answers, jsft.model);
    return { name, step, kl, score: measure(test, texts(answers), start), answers: texts(answers) };
  };
  const offline = await policy('offline DPO', dpo);
  const vote = await policy('DPO on 5-label vote', voteDpo);
  const own = await policy('SELF-JUDGE', selfTrained);
  const best = async (name: string, model: Model) => {
    const candidates = texts(await world.answers(model, test, bestOf, seed + 11));
    const entries = test.map(({ text }, i) => ({ prompt: text, candidates: candidates[i] }));
    const results = await tournament(entries, judge, seed, { signal });
    const winners = results.map(({ winner }, i) => [candidates[i][winner]]);
    return { name: `${name}, best of ${bestOf}`, score: measure(test, winners, start) };
  };
  const bests = [await best('JSFT', jsft.model), await best('SELF-JUDGE', selfTrained.model)];

  return {
    judgeAccuracy: await judgeAccuracy(judge, test, start, signal),
    contenders: [baseline, offline, vote, own, ...bests].map(row),
    comparisons: [baseline, offline, vote].map(({ name, score }) => ({
      against: name,
      ...difference(own.score, score),
    })),
    curve: selfTrained.curve,
    examples: everySoMany(test, 6).map((i) => ({
      prompt: test[i].text,
      before: { text: start[i][0], gold: gold(test[i], start[i][0]).score },
      after: { text: own.answers[i][0], gold: gold(test[i], own.answers[i][0]).score },
    })),
  };
}

const texts = (answers: WorldAnswer[][]): string[][] => answers.map((of) => of.map(({ text }) => text));

function row({ name, score, kl, step }: Contender): Contender {
  const { gold, perfect, win, repeat, words } = score;
  return { name, score: { gold, perfect, win, repeat, words }, kl, step };
}

/** Mean over own samples of log-probability minus that of the start: nats a sequence. */
async function klToStart(
  { splits, tokenizer }: WorldTraining,
  answers: WorldAnswer[][],
  start: Model,
): Promise<number> {
  const groups = answers.map((of, i) =>
    of.map(({ tokens }) => answerSequence(promptIds(tokenizer, splits.test[i].text), tokens)),
  );
  const sums = await scoreSequences(groups, start.view(), 8192);
  return mean(answers.flatMap((of, i) => of.map(({ logp }, j) => logp - sums[i][j])));
}

/** Indices at even distances: no choosing by how an answer turned out. */
const everySoMany = (items: readonly unknown[], count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * items.length) / count));
