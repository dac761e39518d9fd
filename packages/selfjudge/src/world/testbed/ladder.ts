import type { Model } from '@selfjudge/engine';
import type { Estimate } from '@selfjudge/evaluation';
import type { Judge } from '@selfjudge/judging';
import { goldJudge } from '../goldJudge.js';
import { HeldOut, heldToStart, type BestOf, type Scored } from '../heldOut.js';
import { difference, type JudgeScore, type WorldScore } from '../measure.js';
import { goldLabels, judgeLabels, voteLabels } from '../pairs.js';
import type { PhaseHooks, Trained } from '../phase.js';
import { promptsByText } from '../prompts.js';
import type { WorldOptions } from '../settings.js';
import { WorldTraining } from '../training.js';

/** A way to train, and what came of it on held-out prompts. */
export interface Rung {
  name: string;
  gold: number;
  perfect: number;
  /** Over answers of JSFT, ties half. */
  win: number;
  slots: WorldScore['slots'];
  tokens: number;
  surplus: number;
  /** Nats an answer from JSFT. */
  kl: number;
  /** The step that was kept, and the wall time of training. */
  step: number;
  seconds: number;
  /** Gold less that of DPO on the vote, on the same prompts; NaN of that itself. */
  overVote: Estimate;
  /** The frozen judge on pairs of its answers. */
  judge: JudgeScore;
}

export interface SeedLadder {
  seed: number;
  rungs: Rung[];
  /** The base, which no label has taught, on pairs of JSFT's answers. */
  baseJudge: JudgeScore;
  /** Policy -> the best of N of its answers. */
  bestOf: { name: string; rows: BestOf[] }[];
}

const SCORED = { prompts: 240, samples: 8 };
const BEST_OF = { counts: [1, 4, 16, 64], prompts: 96 };
export const VOTE = 'DPO on the vote';

/**
 * Every way to learn from the same labelled pairs, on one seed: who says which answer is better (the labels' vote, the judge, the
 * judge held to the start, gold) of whose answers (those of the labelled pairs, or the policy's own). What is trained stays in the world's folder.
 */
export async function ladderOf(options: WorldOptions, hooks: PhaseHooks): Promise<SeedLadder> {
  const world = await WorldTraining.open(options, hooks);
  const models: Model[] = [];
  const keep = async (training: Promise<Trained>) => {
    const trained = await training;
    models.push(trained.model);
    return trained;
  };
  try {
    const base = await world.base();
    models.push(base);
    const sft = await keep(world.sft(base));
    const jsft = await keep(world.jsft(base));
    const start = jsft.model;
    const [judge, held] = [world.judge(start), heldToStart(world, start)];
    const prompts = promptsByText();
    const offline = async (name: string, pairs: Parameters<typeof world.dpo>[1]) =>
      keep(world.dpo(start, pairs, name));
    const onPolicy = (name: string, by: Judge) => keep(world.selfTrain(start, by, name));
    const byJudge = await judgeLabels(world.pairs, judge, hooks.signal);
    const byHeld = await judgeLabels(world.pairs, held, hooks.signal);
    const trained: [string, Trained][] = [
      ['SFT', sft],
      ['JSFT', jsft],
      [VOTE, await offline('dpo-vote', voteLabels(world.pairs))],
      ['judge, offline', await offline('dpo-judge', byJudge)],
      ['judge + reference, offline', await offline('dpo-judge-reference', byHeld)],
      ['gold, offline', await offline('dpo-gold', goldLabels(world.pairs, prompts))],
      ['SELF-JUDGE', await onPolicy('self-train', judge)],
      ['SELF-JUDGE + reference', await onPolicy('self-train-reference', held)],
      ['gold, on-policy', await onPolicy('self-train-gold', goldJudge())],
    ];
    hooks.onPhase('test', false);
    const test = await HeldOut.open(world, start, world.splits.test.slice(0, SCORED.prompts), SCORED.samples);
    const scored = new Map<string, Scored>();
    for (const [name, { model }] of trained) scored.set(name, await test.score(model));
    const vote = scored.get(VOTE)!;
    const rungs: Rung[] = [];
    for (const [name, { step, seconds }] of trained) {
      const { score, kl, answers } = scored.get(name)!;
      const { gold, perfect, win, slots, tokens, surplus } = score;
      rungs.push({
        name,
        gold: gold.value,
        perfect: perfect.value,
        win: win.value,
        slots,
        tokens,
        surplus,
        kl,
        step,
        seconds,
        overVote: difference(score, vote.score).gold,
        judge: await test.judged(answers),
      });
    }
    const bestOf: SeedLadder['bestOf'] = [];
    for (const [name, { model }] of trained)
      if (['JSFT', 'SELF-JUDGE', 'SELF-JUDGE + reference'].includes(name))
        bestOf.push({ name, rows: await test.bestOf(model, BEST_OF.counts, BEST_OF.prompts) });
    const baseJudge = await test.judged(scored.get('JSFT')!.answers, world.judge(base));
    return { seed: options.seed, rungs, baseJudge, bestOf };
  } finally {
    for (const model of models) model.dispose();
  }
}
