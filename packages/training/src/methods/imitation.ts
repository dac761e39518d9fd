import type { Judge } from '@selfjudge/judging';
import type { Tokenizer } from '@selfjudge/text';
import type { OptionsOf } from '@selfjudge/base/fields';
import { sftExample, type SupervisedExample } from '../losses/supervised.js';
import type { imitationFields } from '../options/imitation.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import type { TokenizedPrompt } from '../pairs/contest.js';
import { answerSequence } from '../pairs/tokenPair.js';
import type { Selection } from '../loop/trainingTask.js';
import { JudgeSignal } from './judgeSignal.js';
import type { SelfTrainingData } from './selfTraining.js';
import type { MetricsRow } from '../runs/rows.js';
import type { Workload } from '../loop/workload.js';

export type ImitationOptions = OptionsOf<typeof imitationFields>;

/** What methods that imitate the best of their own answers work with. */
export interface ImitationRun<O extends ImitationOptions> {
  trainable: PreferenceTrainable;
  /** Who ranks: the frozen start, or a reward model. */
  judge: Judge;
  tokenizer: Tokenizer;
  options: O;
}

/** Compares the policy with its start on `dev` prompts, as in self-training. */
export const imitationSignal = <O extends ImitationOptions>(
  run: ImitationRun<O>,
  { dev = [], outside }: SelfTrainingData,
): Selection | undefined =>
  run.options.evalSteps > 0 && dev.length > 0
    ? new JudgeSignal({ ...run, options: { ...run.options, referenceWeight: 0, ties: 'drop' } }, dev, outside)
    : undefined;

/** An answer as it was sampled, to be imitated. */
export const imitated = ({ id, tokens }: TokenizedPrompt, answer: number[]): SupervisedExample =>
  sftExample(answerSequence(tokens, answer), id);

/** Nobody knows how long answers will be: as long as they may be. @param answers that are sampled at once */
export function longestImitated(
  prompts: readonly TokenizedPrompt[],
  {
    maxNewTokens,
    tokenBudget,
    trainBatchSize,
  }: Pick<ImitationOptions, 'maxNewTokens' | 'tokenBudget' | 'trainBatchSize'>,
  answers: number,
): Workload {
  const longest = prompts.reduce((a, b) => (b.tokens.length > a.tokens.length ? b : a));
  const answer = Array.from({ length: maxNewTokens }, () => 0);
  const group = { id: longest.id, sequences: [answerSequence(longest.tokens, answer)] };
  return {
    groups: () => Array.from({ length: trainBatchSize }, () => group),
    all: [group],
    tokenBudget,
    isBound: true,
    pool: { answers, promptTokens: longest.tokens.length, maxNewTokens },
  };
}

/** Warns once where the judge says nothing: who wins there is drawn by lot. */
export function verdictReview(): (row: MetricsRow) => string | undefined {
  let said = false;
  return ({ step, metrics: { 'judge/invalid_rate': rate } }) => {
    if (said || !(rate > 0.5)) return undefined;
    said = true;
    return (
      `the judge had no verdict on ${Math.round(100 * rate)}% of what it was asked in step ${step}, where chance chose the answer; ` +
      'teach it by jsft, or take another judge_template'
    );
  };
}
