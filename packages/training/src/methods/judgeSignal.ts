import { mean } from '@selfjudge/base/internal';
import type { ModelView, SampledAnswer } from '@selfjudge/engine';
import { assertFinished, sampleAnswers } from '@selfjudge/engine/internal';
import { check, list } from '@selfjudge/base/checks';
import { isStepOrStart, isTokenizedPrompt } from '../checks.js';
import { isSelfTraining } from './selfTrainingRun.js';
import { contestOf, decide, sampling, type TokenizedPrompt } from '../pairs/contest.js';
import { klEstimate, scoreContests } from '../metrics/kl.js';
import type { Metrics } from '../metrics/means.js';
import type { Selection, SignalReport, StepContext } from '../loop/trainingTask.js';
import type { SelfTraining } from './selfTrainingRun.js';

/**
 * Chooses the policy by its own judge: on dev prompts that are never trained on, how often does the frozen start, as
 * judge, prefer the policy's answer to the start's? Ties and equal answers count half, null verdicts not at all.
 *
 * The same keys draw both answers to a prompt, so at step 0 they are equal and the rate is 0.5. The judge is what the
 * policy is optimised against: a rate of 0.9 says that training works, not that answers are better. A policy more
 * than `maxKl` nats a sequence from the start is not eligible and ends training.
 */
export class JudgeSignal implements Selection {
  readonly startSignal = 0.5;
  readonly every: number;
  readonly chosenBy: { judge: string; n: number };
  private startAnswers?: SampledAnswer[];

  constructor(
    private readonly run: SelfTraining,
    private readonly prompts: TokenizedPrompt[],
  ) {
    check('JudgeSignal', { run, prompts }, { run: isSelfTraining, prompts: list(isTokenizedPrompt, 1) });
    this.every = run.options.evalSteps;
    this.chosenBy = { judge: 'the judge it trained on', n: prompts.length };
  }

  async evaluate(at: StepContext): Promise<SignalReport> {
    check('JudgeSignal.evaluate', { at }, { at: isStepOrStart });
    const { trainable, judge, options } = this.run;
    this.startAnswers ??= await this.answers(trainable.reference, at.signal);
    const answers = await this.answers(trainable.policy, at.signal);
    const starts = this.startAnswers;
    const contests = await decide(
      this.prompts,
      answers.map((answer, i) => [answer, starts[i]]),
      judge,
      'keep',
      { tokenBudget: options.tokenBudget, signal: at.signal },
    );
    const points = contests.flatMap(({ fate, winner }) => {
      if (fate === 'pair') return [winner === 'a' ? 1 : 0];
      return fate === 'null' ? [] : [0.5];
    });
    const signal = mean(points);
    const kl = await this.kl(answers);
    const metrics: Metrics = {
      'eval/judge_win_rate': signal,
      'eval/kl': kl,
      'eval/mean_length': mean(answers.map(({ tokens }) => tokens.length)),
    };
    const near = kl <= options.maxKl;
    return { metrics, signal, eligible: near, stop: !near };
  }

  private async answers(view: ModelView, signal?: AbortSignal): Promise<SampledAnswer[]> {
    const { options, tokenizer } = this.run;
    const ids = this.prompts.map(({ tokens }) => tokens);
    const answers = await sampleAnswers(view, tokenizer, ids, {
      ...sampling(options, tokenizer),
      seed: options.seed + 0x5eed,
      count: 1,
      firstSequence: 0,
      signal,
    });
    assertFinished(answers);
    return answers.map(([answer]) => answer);
  }

  /** The policy's own samples against the start, in nats a sequence. */
  private async kl(answers: SampledAnswer[]): Promise<number> {
    const { trainable, options } = this.run;
    const contests = this.prompts.map((prompt, i) => contestOf(prompt, answers[i], answers[i]));
    await scoreContests(contests, trainable.reference, options.tokenBudget);
    return klEstimate(contests);
  }
}
