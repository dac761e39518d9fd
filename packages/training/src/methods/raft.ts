import { mean } from '@selfjudge/base/internal';
import type { OptionsOf } from '@selfjudge/base/fields';
import { assertFinished, sharedAnswers } from '@selfjudge/engine/internal';
import { promptColumns } from '@selfjudge/data/internal';
import type { Match, Tournament } from '@selfjudge/judging';
import { tournament } from '@selfjudge/judging/internal';
import { imitationFields } from '../options/imitation.js';
import { taskOver } from '../loop/taskOver.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { answerMetrics, behaviourMetrics } from '../metrics/judgeMetrics.js';
import { mayLearn, sampling, type TokenizedPrompt } from '../pairs/contest.js';
import { imitated, imitationSignal, longestImitated, verdictReview, type ImitationRun } from './imitation.js';
import { judgedBy, method } from './method.js';
import { preparePrompts } from './prepare.js';
import { preparedDev, type SelfTrainingData } from './selfTraining.js';
import { plainMean, supervisedStep } from './sft.js';
import { shownPrompt } from './shown.js';

const fields = imitationFields;
export type RaftOptions = OptionsOf<typeof fields>;

/**
 * Reward-ranked fine-tuning (arXiv 2304.06767): in each step the policy answers every prompt `numGenerations` times, the
 * ranker names the best by a knock-out tournament (of a reward model: the largest reward), and the policy imitates it.
 * A prompt none of whose answers may be imitated is left out of the step.
 * @param signal dev prompts on which a judge compares the policy with its start
 * @param onTournaments sees the tournaments of each step, as they are written down
 */
export function raftTask(
  run: ImitationRun<RaftOptions>,
  prompts: readonly TokenizedPrompt[],
  signal: SelfTrainingData = {},
  onTournaments?: (rows: object[], step: number) => void,
): TrainingTask {
  const { trainable, judge, tokenizer, options } = run;
  const { numGenerations: count, trainBatchSize, tokenBudget, seed } = options;
  const task = taskOver(trainable, prompts.length, options);
  return {
    ...task,
    selection: imitationSignal(run, signal),
    workload: longestImitated(prompts, options, count * task.order.batch(1).length),
    review: verdictReview(),
    async step(at) {
      const asked = task.order.batch(at.step).map((i) => prompts[i]);
      await at.profile?.lap('data');
      const drawn = await sharedAnswers(
        at.leaves?.ranks,
        trainable.policy,
        tokenizer,
        asked.map(({ tokens }) => tokens),
        {
          ...sampling(options, tokenizer),
          count,
          firstSequence: (at.step - 1) * trainBatchSize * count,
          signal: at.signal,
        },
      );
      assertFinished(drawn);
      await at.profile?.lap('generate');
      const candidates = asked.map((prompt, i) => ({ prompt, answers: drawn[i].filter(mayLearn(options)) }));
      const open = candidates.filter(({ answers }) => answers.length > 0);
      const cups = await tournament(
        open.map(({ prompt, answers }) => ({
          prompt: prompt.text,
          candidates: answers.map(({ text }) => text),
        })),
        judge,
        seed + at.step,
        { tokenBudget, signal: at.signal },
      );
      await at.profile?.lap('judge');
      onTournaments?.(
        open.map(({ prompt, answers }, i) => tournamentRow(prompt, answers, cups[i])),
        at.step,
      );
      const best = open.map(({ prompt, answers }, i) => imitated(prompt, answers[cups[i].winner].tokens));
      const judged = cups.flatMap(({ rounds }, i) => {
        const lengthOf = (answer: number) => open[i].answers[answer].tokens.length;
        return rounds.flatMap(({ matches }) =>
          matches.flatMap(({ a, b, verdict }) =>
            verdict === undefined ? [] : [{ verdict, lengths: [lengthOf(a), lengthOf(b)] as const }],
          ),
        );
      });
      const metrics = {
        ...answerMetrics(drawn.flat()),
        ...behaviourMetrics(judged),
        'raft/candidates': mean(candidates.map(({ answers }) => answers.length)),
      };
      if (best.length === 0)
        return { metrics: { ...metrics, grad_norm: 0 }, tokens: 0, examples: [], skipped: false };
      const report = await supervisedStep(best, { ...task, loss: plainMean, options }, at);
      const length = mean(open.map(({ answers }, i) => answers[cups[i].winner].tokens.length));
      return { ...report, metrics: { ...metrics, ...report.metrics, 'raft/best_length': length } };
    },
  };
}

/** A tournament as it is written down: what was asked, all answers, who met whom, and how probable the first of both was. */
function tournamentRow(
  { id, text }: TokenizedPrompt,
  answers: readonly { text: string }[],
  { winner, rounds }: Tournament,
): object {
  const matchRow = ({ verdict, ...match }: Match) => ({
    ...match,
    ...(verdict && { verdict: { winner: verdict.winner, probability: verdict.probability } }),
  });
  return {
    id,
    ...promptColumns(text),
    candidates: answers.map((answer) => answer.text),
    tournament: {
      winner,
      rounds: rounds.map(({ matches, ...round }) => ({ ...round, matches: matches.map(matchRow) })),
    },
  };
}

export const raft = method({
  summary: 'fine-tuning on the best of several own answers, by a judge or a reward model',
  source: 'arXiv 2304.06767 (RAFT), algorithm 1, with a step of the optimizer for each of its stages',
  fields,
  rows: 'prompts',
  split: 'self',
  judgeTemplate: 'auto',
  drops: false,
  labels: ({ numGenerations }, template, judge) =>
    `the best of ${numGenerations} own answers, ${judgedBy(judge, 'its start', template)}`,
  show: shownPrompt,
  async task(context) {
    const { rows, options, tokenizer, policyBesideStart, judge, outsideJudge: outside, usable } = context;
    const prompts = await usable('prompts', rows, (of) => preparePrompts(tokenizer, of, options));
    const dev = await preparedDev(context);
    const trainable = policyBesideStart();
    const run = { trainable, judge: judge(trainable.reference), tokenizer, options };
    return raftTask(run, prompts, { dev, outside }, (cups, step) =>
      context.writeSamples(`tournaments-step-${step}`, cups),
    );
  },
});
