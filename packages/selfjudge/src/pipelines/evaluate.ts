import { generate, type ModelView, type Tokenizer } from '@selfjudge/core';
import { promptIds, type PreferencePair, type Text } from '@selfjudge/data';
import { implicitReward, judgeAgreement, winRate, type ImplicitReward, type JudgeAgreement, type WinRate } from '@selfjudge/evaluation';
import { Judge } from '@selfjudge/judging';
import { readPreferences, type DatasetOptions, type Warn } from './datasets.js';
import { openModel, resolveTemplate, type ModelOptions, type OpenModel } from './model.js';

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
  onPhase(name: string): void;
  onWarning: Warn;
  onProgress?(done: number, total: number): void;
}

/**
 * Held-out human pairs: judge agreement; with a baseline also win rates on the prompts of those pairs and the accuracy
 * of the policy's implicit reward.
 */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks): Promise<Evaluation> {
  const pairs = await readPreferences(options, hooks.onWarning);
  const policy = await openModel(options.model, options);
  const others: OpenModel[] = [];
  const open = async (path: string) => {
    const opened = await openModel(path, { device: options.device, dtype: options.dtype });
    others.push(opened);
    return opened;
  };
  try {
    const fitting = pairs.filter((pair) => fits(policy, pair, options.maxLength));
    if (fitting.length < pairs.length)
      hooks.onWarning(`${pairs.length - fitting.length} of ${pairs.length} pairs are longer than max_length`);
    hooks.onPhase(`judge agreement on ${fitting.length} pairs`);
    const own = judgeOf(policy, options.template);
    const result: Evaluation = { judge: await judgeAgreement(own, fitting), samples: [] };
    const outside = options.outsideJudge === undefined ? undefined : judgeOf(await open(options.outsideJudge), 'auto');
    if (outside !== undefined) {
      hooks.onPhase('agreement of the outside judge');
      result.outsideJudge = await judgeAgreement(outside, fitting);
    }
    if (options.baseline === undefined) return result;
    const baseline = await open(options.baseline);
    const prompts = fitting.map(({ prompt }) => prompt);
    hooks.onPhase(`answers to ${prompts.length} prompts, twice`);
    const [answers, before] = [
      await answersOf(policy.view, policy.tokenizer, prompts, options, hooks),
      await answersOf(baseline.view, baseline.tokenizer, prompts, options, hooks),
    ];
    result.samples = prompts.map((prompt, i) => ({ prompt, answer: answers[i], baseline: before[i] }));
    hooks.onPhase('win rates');
    const start = judgeOf(baseline, options.template);
    result.winRate = {
      ownJudge: await winRate(start, prompts, answers, before),
      ...(outside && { outsideJudge: await winRate(outside, prompts, answers, before) }),
    };
    hooks.onPhase('implicit reward');
    result.implicitReward = await implicitReward(policy.view, baseline.view, policy.tokenizer, fitting, {
      beta: options.beta,
      maxLength: options.maxLength,
    });
    return result;
  } finally {
    for (const opened of [policy, ...others]) opened.dispose();
  }
}

const judgeOf = (opened: OpenModel, template: string) =>
  new Judge(opened.view, opened.tokenizer, resolveTemplate(template, opened));

/** Leaves out what training would have left out, so that evaluation costs what it should. */
function fits({ tokenizer }: OpenModel, { prompt, chosen, rejected }: PreferencePair, maxLength: number): boolean {
  const both = tokenizer.encode(chosen).length + tokenizer.encode(rejected).length;
  return promptIds(tokenizer, prompt).length + both <= maxLength;
}

async function answersOf(
  view: ModelView,
  tokenizer: Tokenizer,
  prompts: readonly Text[],
  { maxNewTokens, temperature, topP, seed }: EvaluateOptions,
  { onProgress }: EvaluateHooks,
): Promise<string[]> {
  const samples = await generate(
    view,
    prompts.map((prompt) => promptIds(tokenizer, prompt)),
    {
      maxNewTokens,
      temperature,
      topP,
      seed,
      eos: tokenizer.turnEnd.slice(0, 1),
      onProgress: (at) => onProgress?.(at.done, at.total),
    },
  );
  return samples.map(([{ tokens, finish }]) =>
    tokenizer.decode(finish === 'eos' ? tokens.slice(0, -1) : tokens, { skipSpecial: true }),
  );
}
