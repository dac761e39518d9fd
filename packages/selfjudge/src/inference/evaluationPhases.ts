import { ArgumentError } from '@selfjudge/base';
import { assertFinished, ONE_RANK, sharedAnswers, type Ranks } from '@selfjudge/engine/internal';
import type { PreferencePair, PromptFormat, Text } from '@selfjudge/data';
import { promptIds } from '@selfjudge/data/internal';
import type { ImplicitReward, JudgeAgreement, WinRate } from '@selfjudge/evaluation';
import { implicitReward, judgeAgreement, winRate } from '@selfjudge/evaluation/internal';
import type { Judge, JudgeReasoning, Verdict } from '@selfjudge/judging';
import { consult, sharedJudge } from '@selfjudge/judging/internal';
import type { ModelOptions, OpenModel } from '../models/model.js';
import type { DatasetOptions, Warn } from '../rows/datasets.js';
import { judgeOf, massNote } from './judge.js';

export interface EvaluateOptions extends Omit<DatasetOptions, 'promptFormat'>, ModelOptions {
  modelNameOrPath: string;
  promptFormat: PromptFormat | 'auto';
  /** What the policy is compared with: the start of its training. Without it only the judge is evaluated. */
  baseline?: string;
  /** A judge the policy was not trained on: another seed, disjoint pairs. */
  outsideJudge?: string;
  judgeTemplate: string;
  judgeReasoning: JudgeReasoning | 'auto';
  maxNewTokens: number;
  maxLength: number;
  temperature: number;
  topP: number;
  beta: number;
  seed: number;
}

export interface Evaluation {
  /** Of the evaluated model as a judge, on human pairs. */
  judge: JudgeAgreement;
  /** Of the baseline as a judge: in self-training the frozen start, which gave the verdicts unless another was named. */
  baselineJudge?: JudgeAgreement;
  outsideJudge?: JudgeAgreement;
  /** Against the baseline. The own judge is what self-training optimised against: no evidence of better answers. */
  winRate?: { ownJudge: RateOnSamples; outsideJudge?: RateOnSamples };
  implicitReward?: ImplicitReward;
  /** `baseline` is absent until the baseline has answered. */
  samples: EvaluatedSample[];
  /** The phases that are still to come; absent when all are done. */
  unfinished?: string[];
}

/** A win rate whose winners stand with the samples. */
export type RateOnSamples = Omit<WinRate, 'winners'>;

export interface EvaluatedSample {
  prompt: Text;
  answer: string;
  baseline?: string;
  /** Whose answer each judge prefers, `a` the model's; null for no verdict. */
  winners?: Partial<Record<'ownJudge' | 'outsideJudge', Verdict['winner']>>;
}

export interface EvaluateHooks {
  /** All is there that the phases work on. */
  onOpened?(pairs: readonly PreferencePair[], models: Models): void;
  /** A part of the evaluation begins, which counts its progress in `unit`. */
  onPhase?(name: string, unit: string): void;
  onProgress?(done: number, total: number): void;
  /** After each phase: all that is known so far. What comes later may fail; this is not lost then. */
  onResult?(result: Evaluation): void;
  onWarning?: Warn;
  /** Ends the work soon; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Who share the rows of each phase: all have all figures. Default: this process alone. */
  ranks?: Ranks;
}

/** A part of an evaluation and what it adds to the result. */
export interface Phase {
  name: string;
  unit: string;
  run(soFar: Partial<Evaluation>): Promise<Partial<Evaluation>>;
}

export interface Models {
  policy: OpenModel;
  outside?: Judge;
  baseline?: OpenModel;
}

/** The phases in order. The first is the judge's, so every result has it. */
export function phasesOf(
  { policy, outside, baseline }: Models,
  pairs: readonly PreferencePair[],
  options: EvaluateOptions,
  hooks: EvaluateHooks,
): Phase[] {
  const watched = (model: OpenModel) =>
    withHooks(judgeOf(model, options.judgeTemplate, options.judgeReasoning), hooks);
  const own = watched(policy);
  const outsideJudge = outside && withHooks(outside, hooks);
  const judging: Phase = {
    name: `agreement of the model's judgments with ${pairs.length} human pairs`,
    unit: 'pairs',
    run: async () => ({ judge: await judgeAgreement(own, pairs) }),
  };
  const outsideJudging: Phase[] = (outsideJudge === undefined ? [] : [outsideJudge]).map((judge) => ({
    name: 'agreement of the outside judge',
    unit: 'pairs',
    run: async () => ({ outsideJudge: await judgeAgreement(judge, pairs) }),
  }));
  if (baseline === undefined) return [judging, ...outsideJudging];
  const frozen = watched(baseline);
  return [
    judging,
    {
      name: "agreement of the baseline's judgments",
      unit: 'pairs',
      run: async () => ({ baselineJudge: await judgeAgreement(frozen, pairs) }),
    },
    ...outsideJudging,
    ...answering(policy, baseline, distinctPrompts(pairs), options, hooks),
    {
      name: 'win rate by the baseline as judge',
      unit: 'pairs',
      run: async ({ samples }) => {
        const { rate, judged } = await winRateOf('ownJudge', frozen, samples!);
        return { winRate: { ownJudge: rate }, samples: judged };
      },
    },
    ...(outsideJudge === undefined ? [] : [outsideJudge]).map((judge): Phase => ({
      name: 'win rate by the outside judge',
      unit: 'pairs',
      run: async ({ samples, winRate: rates }) => {
        const { rate, judged } = await winRateOf('outsideJudge', judge, samples!);
        return { winRate: { ...rates!, outsideJudge: rate }, samples: judged };
      },
    })),
    {
      name: 'implicit reward on the human pairs',
      unit: 'pairs',
      run: async () => {
        const reward = await implicitReward(policy.view, baseline.view, policy.tokenizer, pairs, {
          beta: options.beta,
          maxLength: Math.min(options.maxLength, policy.model.config.maxPositions),
          ranks: hooks.ranks,
        });
        if (reward.accuracy.n > 0 && !Number.isFinite(reward.margin))
          throw notFinite('a model and a baseline with finite log-probabilities', reward.accuracy.n);
        return { implicitReward: reward };
      },
    },
  ];
}

/** One answer a prompt of the policy and of the baseline. */
const answering = (
  policy: OpenModel,
  baseline: OpenModel,
  prompts: readonly Text[],
  options: EvaluateOptions,
  hooks: EvaluateHooks,
): Phase[] => [
  {
    name: `answers of the model to ${prompts.length} prompts`,
    unit: 'answers',
    run: async () => {
      const answers = await answersOf(policy, prompts, options, hooks);
      return { samples: prompts.map((prompt, i) => ({ prompt, answer: answers[i] })) };
    },
  },
  {
    name: 'answers of the baseline',
    unit: 'answers',
    run: async ({ samples }) => {
      const before = await answersOf(baseline, prompts, options, hooks);
      return { samples: samples!.map((sample, i) => ({ ...sample, baseline: before[i] })) };
    },
  },
];

/** What a judge says of all samples, and the samples with what it says of each. */
async function winRateOf(
  name: 'ownJudge' | 'outsideJudge',
  judge: Judge,
  samples: readonly EvaluatedSample[],
): Promise<{ rate: RateOnSamples; judged: EvaluatedSample[] }> {
  const { winners, ...rate } = await winRate(
    judge,
    samples.map(({ prompt }) => prompt),
    samples.map(({ answer }) => answer),
    samples.map(({ baseline }) => baseline!),
  );
  const judged = samples.map((sample, i) => ({
    ...sample,
    winners: { ...sample.winners, [name]: winners[i] },
  }));
  return { rate, judged };
}

/** Each prompt once: several pairs may share one, and would count the same two answers several times. */
function distinctPrompts(pairs: readonly PreferencePair[]): Text[] {
  return [...new Map(pairs.map(({ prompt }) => [JSON.stringify(prompt), prompt])).values()];
}

async function answersOf(
  { view, tokenizer }: OpenModel,
  prompts: readonly Text[],
  { maxNewTokens, temperature, topP, seed }: EvaluateOptions,
  { onProgress, signal, ranks }: EvaluateHooks,
): Promise<string[]> {
  const answers = await sharedAnswers(
    ranks,
    view,
    tokenizer,
    prompts.map((prompt) => promptIds(tokenizer, prompt)),
    {
      maxNewTokens,
      temperature,
      topP,
      seed,
      signal,
      onProgress: (at) => onProgress?.(at.done, at.total),
    },
  );
  assertFinished(answers);
  return answers.map(([{ text }]) => text);
}

/** A judge that says how far it is, can be stopped, and warns of verdicts that are none. */
export function withHooks(
  judge: Judge,
  { onProgress, signal, onWarning, ranks = ONE_RANK }: EvaluateHooks,
): Judge {
  const shared = sharedJudge(judge, ranks);
  return {
    async compare(pairs) {
      const verdicts = await consult(shared, pairs, 'evaluate', { onProgress, signal });
      const note = massNote(verdicts);
      if (note !== undefined) onWarning?.(note);
      if (verdicts.length > 0 && verdicts.every(({ reason }) => reason === 'not-finite'))
        throw notFinite('a judge with finite probabilities', verdicts.length);
      return verdicts;
    },
  };
}

const notFinite = (expected: string, pairs: number): ArgumentError =>
  new ArgumentError('model_name_or_path', {
    where: 'evaluate',
    expected,
    received: `figures that are not on ${pairs} pairs: weights or activations are not finite, or overflow`,
  });
