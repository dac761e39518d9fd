import { sampleAnswers } from '@selfjudge/engine';
import { ArgumentError } from '@selfjudge/base';
import { promptIds, type PreferencePair, type Text } from '@selfjudge/data';
import {
  implicitReward,
  judgeAgreement,
  winRate,
  type ImplicitReward,
  type JudgeAgreement,
  type PairJudge,
  type WinRate,
} from '@selfjudge/evaluation';
import type { Judge } from '@selfjudge/judging';
import { fileRows, type DatasetOptions, type Warn } from '../rows/datasets.js';
import { judgeOf } from './judge.js';
import { openModel, type ModelOptions, type OpenModel } from '../models/model.js';

export interface EvaluateOptions extends DatasetOptions, ModelOptions {
  model: string;
  /** What the policy is compared with: the start of its training. Without it only the judge is evaluated. */
  baseline?: string;
  /** A judge the policy was not trained on: another seed, disjoint pairs. */
  outsideJudge?: string;
  template: string;
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
  outsideJudge?: JudgeAgreement;
  /** Against the baseline. The own judge is what self-training optimised against: no evidence of better answers. */
  winRate?: { ownJudge: WinRate; outsideJudge?: WinRate };
  implicitReward?: ImplicitReward;
  samples: { prompt: Text; answer: string; baseline: string }[];
}

export interface EvaluateHooks {
  /** A part of the evaluation begins, which counts its progress in `unit`. */
  onPhase?(name: string, unit: string): void;
  onProgress?(done: number, total: number): void;
  onWarning?: Warn;
  /** Ends the work soon; the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Held-out human pairs: judge agreement; with a baseline also win rates on the prompts of those pairs and the accuracy
 * of the policy's implicit reward.
 *
 * @throws DataError when no pair is left, ArgumentError when the baseline has another tokenizer
 */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks = {}): Promise<Evaluation> {
  const { onPhase = () => {}, onWarning = () => {} } = hooks;
  const pairs = await fileRows.preferences(options, onWarning);
  const opened: OpenModel[] = [];
  const open = async (path: string, adapter?: string) => {
    opened.push(await openModel(path, { ...options, adapter }));
    return opened[opened.length - 1];
  };
  try {
    const policy = await open(options.model, options.adapter);
    const outsideModel = options.outsideJudge === undefined ? undefined : await open(options.outsideJudge);
    const baseline = options.baseline === undefined ? undefined : await open(options.baseline);
    const fitting = fittingPairs(pairs, policy, options, onWarning);
    const watched = (model: OpenModel, template: string) => withHooks(judgeOf(model, template), hooks);

    onPhase(`agreement of the model's judgments with ${fitting.length} human pairs`, 'pairs');
    const judge = await judgeAgreement(watched(policy, options.template), fitting);
    const result: Evaluation = { judge, samples: [] };
    const outside = outsideModel && watched(outsideModel, 'auto');
    if (outside !== undefined) {
      onPhase('agreement of the outside judge', 'pairs');
      result.outsideJudge = await judgeAgreement(outside, fitting);
    }
    if (baseline === undefined) return result;
    assertSameTokenizer(policy, baseline);
    const prompts = distinctPrompts(fitting);
    onPhase(`answers of the model to ${prompts.length} prompts`, 'answers');
    const answers = await answersOf(policy, prompts, options, hooks);
    onPhase('answers of the baseline', 'answers');
    const before = await answersOf(baseline, prompts, options, hooks);
    result.samples = prompts.map((prompt, i) => ({ prompt, answer: answers[i], baseline: before[i] }));
    onPhase('win rate by the baseline as judge', 'pairs');
    result.winRate = {
      ownJudge: await winRate(watched(baseline, options.template), prompts, answers, before),
    };
    if (outside !== undefined) {
      onPhase('win rate by the outside judge', 'pairs');
      result.winRate.outsideJudge = await winRate(outside, prompts, answers, before);
    }
    onPhase('implicit reward on the human pairs', 'pairs');
    hooks.signal?.throwIfAborted();
    result.implicitReward = await implicitReward(policy.view, baseline.view, policy.tokenizer, fitting, {
      beta: options.beta,
      maxLength: Math.min(options.maxLength, policy.model.config.maxPositions),
    });
    return result;
  } finally {
    for (const model of opened) model.dispose();
  }
}

/** A judge that says how far it is and can be stopped. */
export function withHooks(judge: Judge, { onProgress, signal }: EvaluateHooks): PairJudge {
  return { compare: (pairs) => judge.compare(pairs, { onProgress, signal }) };
}

/** Leaves out what training would have left out, and prompts that leave the model no room for an answer. */
function fittingPairs(
  pairs: readonly PreferencePair[],
  { tokenizer, model }: OpenModel,
  { maxLength, maxNewTokens, baseline }: EvaluateOptions,
  warn: Warn,
): PreferencePair[] {
  const limit = Math.min(maxLength, model.config.maxPositions);
  const room = baseline === undefined ? limit : Math.min(limit, model.config.maxPositions - maxNewTokens);
  const fitting = pairs.filter(({ prompt, chosen, rejected }) => {
    const tokens = promptIds(tokenizer, prompt).length;
    const longest = Math.max(tokenizer.encodeAnswer(chosen).length, tokenizer.encodeAnswer(rejected).length);
    return tokens <= room && tokens + longest <= limit;
  });
  const lost = pairs.length - fitting.length;
  if (lost > 0)
    warn(`${lost} of ${pairs.length} pairs are longer than ${limit} tokens, or their prompt than ${room}`);
  if (fitting.length > 0) return fitting;
  throw new ArgumentError('dataset_name', {
    where: 'evaluate',
    expected: `at least one pair of up to ${limit} tokens with a prompt of up to ${room}`,
    received: `${pairs.length} longer ones`,
  });
}

/** Each prompt once: several pairs may share one, and would count the same two answers several times. */
function distinctPrompts(pairs: readonly PreferencePair[]): Text[] {
  return [...new Map(pairs.map(({ prompt }) => [JSON.stringify(prompt), prompt])).values()];
}

function assertSameTokenizer(policy: OpenModel, baseline: OpenModel): void {
  const probe = (model: OpenModel) =>
    `${model.tokenizer.vocabSize} ids, template ${model.tokenizer.chatTemplate}`;
  if (probe(policy) === probe(baseline)) return;
  throw new ArgumentError('baseline', {
    where: 'evaluate',
    expected: 'what the model was trained from, with the same tokenizer and chat template',
    received: baseline.path,
  });
}

async function answersOf(
  { view, tokenizer }: OpenModel,
  prompts: readonly Text[],
  { maxNewTokens, temperature, topP, seed }: EvaluateOptions,
  { onProgress, signal }: EvaluateHooks,
): Promise<string[]> {
  const answers = await sampleAnswers(
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
  return answers.map(([{ text }]) => text);
}
