import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import type { ModelView, SampledAnswer } from '@selfjudge/engine';
import { assertFinished, sharedAnswers } from '@selfjudge/engine/internal';
import { check, list, optional } from '@selfjudge/base/checks';
import type { Judge } from '@selfjudge/judging';
import { isJudge } from '@selfjudge/judging/checks';
import { isStepOrStart, isTokenizedPrompt } from '../checks.js';
import { isSignalRun, type SignalRun } from './selfTrainingRun.js';
import {
  contestOf,
  decide,
  heldToReference,
  sampling,
  type Contest,
  type TokenizedPrompt,
} from '../pairs/contest.js';
import { answerMetrics } from '../metrics/judgeMetrics.js';
import { klOf, scoreContests, sumOf } from '../metrics/kl.js';
import type { Metrics } from '../metrics/means.js';
import type { Selection, SignalReport, StepContext } from '../loop/trainingTask.js';

/** Draws from all of the distribution, of which entropy and KL are. */
const WHOLE = { temperature: 1, topP: 1, topK: 0 };

/**
 * Chooses the policy by a judge: on dev prompts that are never trained on, how often does it prefer the policy's answer
 * to the start's? It judges what training keeps, with `referenceWeight` as training does: ties and equal answers count half, pairs that `missingEos` leaves out and
 * null verdicts not at all.
 *
 * The same keys draw both answers to a prompt, so at step 0 they are equal and the rate is 0.5. The run's own judge is
 * what the policy is optimised against: a rate of 0.9 by it says that training works, not that answers are better. An
 * outside judge, of another base and other pairs, is evidence; how often the two agree falls as the policy leaves what the
 * own judge knows. A policy more than `maxKl` nats a sequence from the start (`eval/kl`, of a second answer a prompt that
 * is drawn from the whole distribution) is not eligible and ends training.
 */
export class JudgeSignal implements Selection {
  readonly startSignal = 0.5;
  readonly every: number;
  readonly chosenBy?: { judge: string; n: number };
  private startAnswers?: SampledAnswer[];

  /** @param outside a judge that nothing is trained on: it is asked too, and chooses unless `options.selectBy` says otherwise */
  constructor(
    private readonly run: SignalRun,
    private readonly prompts: TokenizedPrompt[],
    private readonly outside?: Judge,
  ) {
    const checks = { run: isSignalRun, prompts: list(isTokenizedPrompt, 1), outside: optional(isJudge) };
    check('JudgeSignal', { run, prompts, outside }, checks);
    this.every = run.options.evalSteps;
    const { selectBy } = this;
    if (selectBy === 'outside' && outside === undefined)
      throw new ArgumentError('outside', {
        where: 'JudgeSignal',
        expected: "a judge, as options.selectBy is 'outside'",
        received: 'none',
      });
    if (selectBy !== 'none') this.chosenBy = { judge: CHOOSERS[selectBy], n: prompts.length };
  }

  async evaluate(at: StepContext): Promise<SignalReport> {
    check('JudgeSignal.evaluate', { at }, { at: isStepOrStart });
    const { trainable, judge, options } = this.run;
    this.startAnswers ??= await this.answers(trainable.reference, at);
    const answers = await this.answers(trainable.policy, at);
    const starts = this.startAnswers;
    const judged = (by: Judge) =>
      decide(
        this.prompts,
        answers.map((answer, i) => [answer, starts[i]]),
        by,
        options,
        { tokenBudget: options.tokenBudget, signal: at.signal },
      );
    const own = await judged(judge);
    const others = this.outside === undefined ? undefined : await judged(this.outside);
    const whole = await this.answers(trainable.policy, at, WHOLE);
    // Both that the policy drew, in one tree a prompt.
    const drawn = this.prompts.map((prompt, i) => contestOf(prompt, answers[i], whole[i]));
    await scoreContests(drawn, trainable.reference, options.tokenBudget, at.signal, at.leaves?.ranks);
    if (options.referenceWeight > 0) {
      own.forEach(({ a, b }, i) => {
        a.reference = drawn[i].a.reference;
        // The reference itself drew it.
        b.reference = sumOf(starts[i].logprobs);
      });
      heldToReference(own, options.referenceWeight, options);
    }
    const kl = klOf(drawn.map(({ b }) => b));
    const metrics: Metrics = {
      'eval/judge_win_rate': winRate(own),
      ...(others !== undefined && {
        'eval/outside_win_rate': winRate(others),
        'eval/outside_agreement': agreement(own, others),
      }),
      'eval/kl': kl,
      'eval/sampling_kl': klOf(drawn.map(({ a }) => a)),
      'eval/entropy': answerMetrics(whole)['sampling/neg_logprob'],
      'eval/mean_length': mean(answers.map(({ tokens }) => tokens.length)),
    };
    const near = kl <= options.maxKl;
    const signal = { judge: winRate(own), outside: winRate(others ?? []), none: at.step }[this.selectBy];
    return { metrics, signal, eligible: near && !Number.isNaN(signal), stop: !near };
  }

  private get selectBy(): keyof typeof CHOOSERS {
    const { selectBy } = this.run.options;
    if (selectBy !== 'auto') return selectBy;
    return this.outside === undefined ? 'judge' : 'outside';
  }

  private async answers(
    view: ModelView,
    { signal, leaves }: StepContext,
    settings: Partial<typeof WHOLE> = {},
  ): Promise<SampledAnswer[]> {
    const { options, tokenizer } = this.run;
    const ids = this.prompts.map(({ tokens }) => tokens);
    const answers = await sharedAnswers(leaves?.ranks, view, tokenizer, ids, {
      ...sampling(options, tokenizer),
      ...settings,
      seed: options.seed + 0x5eed,
      count: 1,
      firstSequence: 0,
      signal,
    });
    assertFinished(answers);
    return answers.map(([answer]) => answer);
  }
}

/** Who says which policy is best; by `none` the last is kept. */
const CHOOSERS = { judge: 'the judge it trained on', outside: 'the outside judge', none: '' };

/** Of the first answer of each contest. */
function winRate(contests: readonly Contest[]): number {
  const points = contests.flatMap(({ fate, winner }) => {
    if (fate === 'pair') return [winner === 'a' ? 1 : 0];
    return fate === 'tie' || fate === 'equal' ? [0.5] : [];
  });
  return mean(points);
}

/** Share of the contests that both decided, where both name the same winner. */
function agreement(own: readonly Contest[], others: readonly Contest[]): number {
  const same = own.flatMap(({ fate, winner }, i) =>
    fate === 'pair' && others[i].fate === 'pair' ? [Number(winner === others[i].winner)] : [],
  );
  return mean(same);
}
