import type { Judge } from '@selfjudge/judging';
import { goldJudge } from '../goldJudge.js';
import { heldToStart } from '../heldOut.js';
import type { JudgeScore } from '../measure.js';
import { goldLabels, judgeLabels, voteLabels } from '../pairs.js';
import type { PhaseHooks, Trained } from '../phase.js';
import { promptsByText } from '../prompts.js';
import type { WorldOptions } from '../settings.js';
import { inWorld, openTest, rungsOf, VOTE, type Rung } from './rung.js';

export interface SeedLadder {
  rungs: Rung[];
  /** The base, which no label has taught, on pairs of JSFT's answers. */
  baseJudge: JudgeScore;
}

/** Answers of the start to the prompts of self-training, one pair each, judged once: `sampling` of self-train. */
const OFF_POLICY = { sampling: 'off_policy_once' as const };

/**
 * Every way to learn from the same labelled pairs, on one seed: who says which answer is better (their overall label, the vote of their
 * labels, the judge, the judge held to the start, gold) of whose answers (those of the labelled pairs; the start's to many prompts; the
 * policy's own as it trains). What is trained stays in the world's folder.
 */
export const ladderOf = (options: WorldOptions, hooks: PhaseHooks): Promise<SeedLadder> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const sft = await keep(world.sft(base));
    const jsft = await keep(world.jsft(base));
    const start = jsft.model;
    const [judge, held, gold] = [world.judge(start), heldToStart(world, start), goldJudge()];
    const offline = (pairs: Parameters<typeof world.dpo>[1], name: string) =>
      keep(world.dpo(start, pairs, name));
    const own = (by: Judge, name: string) => keep(world.selfTrain(start, { name, judge: by }));
    const static_ = (by: Judge, name: string) =>
      keep(world.selfTrain(start, { name, judge: by, settings: OFF_POLICY }));
    const labels = (by: Judge) => judgeLabels(world.pairs, by, hooks.signal);
    const ways: [string, Trained][] = [
      ['SFT', sft],
      ['JSFT', jsft],
      ['DPO on the overall label', await offline(world.pairs, 'dpo-overall')],
      [VOTE, await offline(voteLabels(world.pairs), 'dpo-vote')],
      ['judge, offline', await offline(await labels(judge), 'dpo-judge')],
      ['judge + reference, offline', await offline(await labels(held), 'dpo-judge-reference')],
      ['gold, offline', await offline(goldLabels(world.pairs, promptsByText()), 'dpo-gold')],
      ['judge, off-policy', await static_(judge, 'off-policy')],
      ['judge + reference, off-policy', await static_(held, 'off-policy-reference')],
      ['gold, off-policy', await static_(gold, 'off-policy-gold')],
      ['SELF-JUDGE', await own(judge, 'self-train')],
      ['SELF-JUDGE + reference', await own(held, 'self-train-reference')],
      ['gold, on-policy', await own(gold, 'self-train-gold')],
    ];
    const test = await openTest(world, start);
    const { rungs, scored } = await rungsOf(test, ways, VOTE);
    const baseJudge = await test.judged(scored.get('JSFT')!.answers, world.judge(base));
    return { rungs, baseJudge };
  });
