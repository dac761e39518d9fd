import { promptColumns } from '@selfjudge/data/internal';
import { ArgumentError } from '@selfjudge/base';
import type { Judge } from '@selfjudge/judging';
import { tokenEvidence } from '@selfjudge/judging/internal';
import type { Contest, TokenizedPrompt } from '../pairs/contest.js';
import { contestStep } from './contestStep.js';
import { JudgeSignal } from './judgeSignal.js';
import { klReview } from './klReview.js';
import { paperLora } from '../options/lora.js';
import { paperSelfTraining, valuesIn } from '../options/paper.js';
import { judgedBy, method, type MethodContext } from './method.js';
import { preparePrompts, warnDropped } from './prepare.js';
import { fields, selfTrainingFaults, type SelfTrainingOptions } from './selfTrainingRun.js';
import { PairReview } from './pairReview.js';
import type { PairSource } from './pairSource.js';
import { referenceText, refuseMoving, runReference } from './runReference.js';
import { drawPairs, sampledPairs } from './sampledPairs.js';
import { shownPrompt } from './shown.js';
import { answerSequence } from '../pairs/tokenPair.js';
import { isRanked, lossText } from '../losses/lossTerms.js';
import type { SelfTraining } from './selfTrainingRun.js';
import type { StepContext, StepReport, TrainingTask } from '../loop/trainingTask.js';
import { taskOver } from '../loop/taskOver.js';
import type { Workload } from '../loop/workload.js';

/**
 * Self-training over prompts alone: on-policy, or on answers of the start.
 *
 * @param data `dev` prompts choose the best policy, when `options.evalSteps` is above 0: by the `outside` judge, else the own
 * @param onContests sees what was sampled and judged in each step.
 */
export function selfTrainingTask(
  run: Omit<SelfTraining, 'optimizer'>,
  data: SelfTrainingData & { prompts: TokenizedPrompt[] },
  onContests?: OnContests,
): TrainingTask {
  return pairedTask(run, sampledPairs(data.prompts, run), data, onContests);
}

/** What choosing among the policies of a run needs, when `options.evalSteps` is above 0. */
export interface SelfTrainingData {
  dev?: TokenizedPrompt[];
  outside?: Judge;
}

export type OnContests = (contests: Contest[], step: number) => void;

/** Preference training on pairs of whatever source, with the review and the choice of self-training. */
export function pairedTask(
  run: Omit<SelfTraining, 'optimizer'>,
  source: PairSource,
  data: SelfTrainingData,
  onContests?: OnContests,
): TrainingTask {
  const { options } = run;
  const task = taskOver(run.trainable, source.length, options);
  const training: SelfTraining = { ...run, optimizer: task.optimizer };
  const reference = runReference(run.trainable, options, task.order.totalSteps);
  const dev = options.evalSteps > 0 ? (data.dev ?? []) : [];
  const pairs = new PairReview(options, source.verb);
  const kl = klReview(task.order.totalSteps);
  return {
    ...task,
    ...reference.kept,
    workload: longestAnswers(source, options, (step) => task.order.batch(step)),
    step: async (at) => {
      const batch = task.order.batch(at.step);
      await at.profile?.lap('data');
      const { contests, metrics } = await source.draw(batch, at);
      const report = await contestStep(contests, { ...training, reference }, at, source.isOwn);
      onContests?.(contests, at.step);
      return { ...report, metrics: { ...report.metrics, ...metrics } };
    },
    selection: dev.length > 0 ? new JudgeSignal(training, dev, data.outside) : undefined,
    review: (row) => {
      const notes = [pairs.review(row), kl(row)].filter((note) => note !== undefined);
      return notes.length > 0 ? notes.join('\n') : undefined;
    },
    conclude() {
      pairs.conclude();
      task.conclude?.();
    },
  };
}

/** Nobody knows how long answers will be: as long as they may be, each other than the rest from the first token on. */
function longestAnswers(
  source: PairSource,
  { maxNewTokens, tokenBudget, numGenerations }: SelfTrainingOptions,
  batch: (step: number) => number[],
): Workload {
  const answers = Array.from({ length: numGenerations }, (_, token) =>
    Array.from({ length: maxNewTokens }, () => token),
  );
  const groupOf = ({ id, tokens }: TokenizedPrompt) => ({
    id,
    sequences: answers.map((answer) => answerSequence(tokens, answer)),
  });
  const promptsOf = (examples: readonly number[]) => examples.map((example) => source.promptOf(example));
  const first = promptsOf(batch(1));
  const all = promptsOf(Array.from({ length: source.length }, (_, example) => example));
  return {
    groups: (step) => promptsOf(batch(step)).map(groupOf),
    // One stands for all: the longest.
    all: [groupOf(all.reduce((a, b) => (b.tokens.length > a.tokens.length ? b : a)))],
    tokenBudget,
    isBound: true,
    pool: {
      answers: source.answers * first.length,
      promptTokens: Math.max(...first.map(({ tokens }) => tokens.length)),
      maxNewTokens,
    },
  };
}

/**
 * One step of SELF-JUDGE (arXiv 2402.11253): the policy answers every prompt twice (`numGenerations` times), the frozen
 * start says which answer of every two is better, and the policy learns to prefer the winner. With `sampling: off_policy` the start answers too.
 * @throws ArgumentError for `off_policy_once` and `syncRefModel`: which pair a prompt had before, and where the reference is, a
 *   task knows and a step does not
 */
export async function selfTrainingStep(
  prompts: TokenizedPrompt[],
  run: SelfTraining,
  at: StepContext,
): Promise<StepReport & { contests: Contest[] }> {
  const { sampling, trainBatchSize } = run.options;
  if (sampling === 'off_policy_once')
    throw new ArgumentError('run.options.sampling', {
      where: 'selfTrainingStep',
      expected: 'on_policy or off_policy (off_policy_once is of selfTrainingTask)',
      received: sampling,
    });
  refuseMoving(run.options, 'selfTrainingStep', 'selfTrainingTask');
  await at.profile?.lap('data');
  const numbers = prompts.map((_, i) => (at.step - 1) * trainBatchSize + i);
  const contests = (await drawPairs(prompts, numbers, run, at)).flat();
  return { ...(await contestStep(contests, run, at, sampling === 'on_policy')), contests };
}

/**
 * A sampled pair as it is written down: what was asked, both answers, the verdict, and of a token judge each question's
 * probabilities [A, B] of the one shown first, `ab` with a shown first.
 */
function sampleRow({ prompt, a, b, fate, winner, verdict }: Contest): object {
  const votes = verdict && tokenEvidence(verdict)?.votes;
  return {
    id: prompt.id,
    ...promptColumns(prompt.text),
    a: a.text,
    b: b.text,
    fate,
    winner: winner ?? null,
    probability: verdict?.probability ?? null,
    ...(votes !== undefined && {
      votes: votes.map(({ principle, orders: [ab, ba] }) => ({
        principle,
        ab: [ab.pA, ab.pB],
        ba: [ba.pA, ba.pB],
      })),
    }),
  };
}

type DevContext = Pick<MethodContext<unknown, 'prompts'>, 'tokenizer' | 'devPrompts' | 'warn'> & {
  options: Pick<SelfTrainingOptions, 'evalSteps' | 'maxPromptLength'>;
};

/** The dev prompts that the judge is asked about, where it is. */
export async function preparedDev({
  options,
  tokenizer,
  devPrompts,
  warn,
}: DevContext): Promise<TokenizedPrompt[] | undefined> {
  if (options.evalSteps === 0) return undefined;
  const asked = preparePrompts(tokenizer, await devPrompts(), options);
  warnDropped('dev prompts', asked, warn);
  return asked.examples;
}

/** Writes the pairs of each step down. */
export const samplesOf =
  ({ writeSamples }: Pick<MethodContext<unknown, 'prompts'>, 'writeSamples'>): OnContests =>
  (contests, step) =>
    writeSamples(`step-${step}`, contests.map(sampleRow));

export const selfTraining = method({
  summary: 'training on its own answers, by the judgments of the frozen start',
  source: 'arXiv 2402.11253, self-training by self-judgment; on-policy DPO: arXiv 2402.04792',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  // The prompts are those of JSFT again, all of them.
  presets: {
    paper: {
      lora: paperLora,
      split: 'all',
      options: valuesIn(paperSelfTraining),
      sources: paperSelfTraining,
    },
  },
  faults: selfTrainingFaults,
  labels: (options, template, judge) =>
    `${isRanked(options) ? 'rankings' : 'pairs'} of ${options.sampling === 'on_policy' ? 'its own answers' : 'answers of its start'}, ` +
    `${judgedBy(judge, options.judgeMode === 'policy' ? 'the policy itself' : 'its start', template)} ` +
    `(${lossText(options)}, beta ${options.beta}${referenceText(options)})`,
  show: shownPrompt,
  async task(context) {
    const { rows, options, tokenizer, policyBesideStart, judge, outsideJudge: outside, usable } = context;
    const prompts = await usable('prompts', rows, (of) => preparePrompts(tokenizer, of, options));
    const dev = await preparedDev(context);
    const trainable = policyBesideStart();
    const judging = options.judgeMode === 'policy' ? trainable.policy : trainable.reference;
    const run = { trainable, judge: judge(judging), tokenizer, options };
    return selfTrainingTask(run, { prompts, dev, outside }, samplesOf(context));
  },
});
