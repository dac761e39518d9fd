import { mean } from '@selfjudge/base/internal';
import type { Model } from '@selfjudge/engine';
import { scoreSequences } from '@selfjudge/engine/internal';
import { promptIds } from '@selfjudge/data/internal';
import type { Estimate } from '@selfjudge/evaluation';
import type { Judge } from '@selfjudge/judging';
import { consult, regularised, tournament } from '@selfjudge/judging/internal';
import { answerSequence } from '@selfjudge/training/internal';
import { measure, scoreJudge, winOf, type JudgeScore, type WorldScore } from './measure.js';
import type { WorldPrompt } from './prompts.js';
import type { WorldAnswer, WorldTraining } from './training.js';

/** Answers of a policy to the held-out prompts, and what they are worth. */
export interface Scored {
  /** Of each prompt. */
  answers: string[][];
  score: WorldScore;
  /** Nats an answer from the start, on own samples. */
  kl: number;
}

/** The best of `n` answers of a policy, chosen by tournament. */
export interface BestOf {
  n: number;
  /** By the frozen judge alone, and held to the start. */
  plain: Estimate;
  held: Estimate;
}

/** Of the log-probability under the start, beside the judge's log-odds. */
export const REFERENCE_WEIGHT = 0.1;

/**
 * Prompts on which nothing was chosen, and the start of self-training, which is also the frozen judge. Every draw has random
 * numbers of its own: equal ones would make equal answers of two policies, and ties of them.
 */
export class HeldOut {
  readonly judge: Judge;
  /** The same, with {@link REFERENCE_WEIGHT}. */
  readonly held: Judge;
  /** Answers of the start to each prompt. */
  start: string[][] = [];
  #draws = 0;

  private constructor(
    readonly world: WorldTraining,
    readonly model: Model,
    readonly prompts: readonly WorldPrompt[],
    readonly samples: number,
  ) {
    this.judge = world.judge(model);
    this.held = heldToStart(world, model);
  }

  /** @param model the start @param samples answers to each prompt */
  static async open(
    world: WorldTraining,
    model: Model,
    prompts: readonly WorldPrompt[],
    samples: number,
  ): Promise<HeldOut> {
    const of = new HeldOut(world, model, prompts, samples);
    of.start = texts(await of.sampled(model, prompts, samples));
    return of;
  }

  /** @param draw whose random numbers are taken, as a run that is looked at again and again wants the same; default: the next */
  async score(model: Model, draw?: number): Promise<Scored> {
    const sampled = await this.sampled(model, this.prompts, this.samples, draw);
    const answers = texts(sampled);
    const starts = await this.underStart(sampled);
    const kl = mean(sampled.flatMap((of, i) => of.map(({ logp }, j) => logp - starts[i][j])));
    return { answers, score: measure(this.prompts, answers, this.start), kl };
  }

  /** The frozen judge, or another, on pairs of these answers. */
  judged(answers: readonly string[][], judge = this.judge): Promise<JudgeScore> {
    return scoreJudge(judge, this.prompts, answers, this.world.hooks.signal);
  }

  /** How often the frozen judge prefers them to the start's, one by one; ties, and pairs of which it says nothing, count half. */
  async wins(answers: readonly string[][]): Promise<number> {
    const asked = answers.flatMap((of, i) =>
      of.map((a, j) => ({ prompt: this.prompts[i].text, a, b: this.start[i][j] })),
    );
    const verdicts = await consult(this.judge, asked, 'wins', { signal: this.world.hooks.signal });
    return mean(verdicts.map(({ winner }) => winOf(winner, 'a')));
  }

  /** Of the first `prompts`: the first n of the most answers, for each n. */
  async bestOf(model: Model, counts: readonly number[], prompts: number): Promise<BestOf[]> {
    const { world } = this;
    const few = this.prompts.slice(0, prompts);
    const all = texts(await this.sampled(model, few, Math.max(...counts)));
    const rows: BestOf[] = [];
    for (const n of counts) {
      const candidates = all.map((of) => of.slice(0, n));
      const entries = few.map(({ text }, i) => ({ prompt: text, candidates: candidates[i] }));
      const by = async (judge: Judge) => {
        const results = await tournament(entries, judge, world.options.seed, { signal: world.hooks.signal });
        const winners = results.map(({ winner }, i) => [candidates[i][winner]]);
        return measure(few, winners, candidates).gold;
      };
      rows.push({ n, plain: await by(this.judge), held: await by(this.held) });
    }
    return rows;
  }

  sampled(
    model: Model,
    prompts: readonly WorldPrompt[],
    count: number,
    draw = this.#draws++,
  ): Promise<WorldAnswer[][]> {
    return this.world.answers(model, prompts, count, this.world.options.seed * 1000 + draw);
  }

  /** Log-probability of each answer to the first prompts under the start, untempered. */
  underStart(sampled: readonly WorldAnswer[][]): Promise<number[][]> {
    const { tokenizer } = this.world;
    const groups = sampled.map((of, i) =>
      of.map(({ tokens }) => answerSequence(promptIds(tokenizer, this.prompts[i].text), tokens)),
    );
    return scoreSequences(groups, this.model.view(), 8192);
  }
}

/** The judge that also asks how likely an answer is under the start. */
export const heldToStart = (world: WorldTraining, start: Model): Judge =>
  regularised(world.judge(start), { view: start.view(), tokenizer: world.tokenizer }, REFERENCE_WEIGHT);

const texts = (answers: WorldAnswer[][]): string[][] => answers.map((of) => of.map(({ text }) => text));
