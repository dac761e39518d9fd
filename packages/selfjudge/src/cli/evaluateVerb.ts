import type { PreferencePair } from '@selfjudge/data';
import { promptColumns } from '@selfjudge/data/internal';
import type { Command } from 'commander';
import { meet, ranksOfProcess } from '@selfjudge/engine/internal';
import { located } from '../hub/located.js';
import { evaluate } from '../inference/evaluate.js';
import type { EvaluateOptions, Evaluation, Models } from '../inference/evaluationPhases.js';
import { addEvaluateInjectionVerb } from './evaluateInjectionVerb.js';
import { addEvaluateJudgeVerb } from './evaluateJudgeVerb.js';
import { addEvaluatePolicyVerb } from './evaluatePolicyVerb.js';
import { describeEvaluation } from './describeEvaluation.js';
import { withDownloads } from './downloads.js';
import { figuresJson } from './figuresJson.js';
import { interruptible, leads, print } from './exit.js';
import { mapKeys, MODEL_VERBS, snakeCase } from '../config/index.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { outputPath, withLatest } from './output.js';
import { contentsOf } from '../models/contents.js';
import { factsOfJob } from '../training/ranks.js';
import { hashOf } from '../models/judgeOrigin.js';
import { Progress } from './progress.js';

export function addEvaluateVerb(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('agreement with people; against a baseline also win rates and implicit reward')
    .description(
      'How well a model judges held-out human pairs; with --baseline also how well it answers.\n\n' +
        'The judge that a policy was trained on is no evidence for it: give an --outside_judge of another seed and ' +
        'other pairs. What is finished is kept when a later part fails or is stopped.',
    );
  addEvaluateJudgeVerb(command);
  addEvaluatePolicyVerb(command);
  addEvaluateInjectionVerb(command);
  addModelFlags(command, 'evaluate')
    .optionsGroup('Output:')
    .option('--out <file>', 'write everything, samples too, as JSON, as it becomes known')
    .option('--json', 'print the result as JSON on stdout')
    .action(async () => {
      const { out, json, ...options } = optionsOf(MODEL_VERBS.evaluate, command);
      const show = (result: Evaluation) =>
        print(json ? `${jsonOf(result)}\n` : `${describeEvaluation(result)}\n`);
      const path = outputPath(out, [...options.datasetName, options.modelNameOrPath, options.baseline]);
      await withLatest(leads() ? path : undefined, (write) => follow(options, write, show));
    });
}

/** As JSON: figures that nothing was measured for are absent, and prompts are what their column held. */
const jsonOf = (result: Evaluation, indent?: number): string =>
  figuresJson(
    {
      ...result,
      samples: result.samples.map(({ prompt, ...sample }) => ({ ...promptColumns(prompt), ...sample })),
    },
    indent,
  );

/** What has to be the same on all ranks, in words. */
function factsOf(
  options: EvaluateOptions,
  pairs: readonly PreferencePair[],
  { policy, baseline }: Models,
): Record<string, string> {
  const contents = contentsOf(policy, hashOf(pairs));
  const start = baseline && { 'the baseline': contentsOf(baseline, '').weights };
  const { path } = policy.model.device;
  return factsOfJob(mapKeys(options, snakeCase), { path, contents: { ...contents, ...start } });
}

/** Evaluates, says on stderr where it is, and shows the result or, when a phase fails, what the ones before found. */
async function follow(
  options: EvaluateOptions,
  write: (text: string) => void,
  show: (result: Evaluation) => void,
): Promise<void> {
  let progress = new Progress('', '');
  let phase = '';
  let latest: Evaluation | undefined;
  const say = (line: string) => progress.say(line);
  const ranks = ranksOfProcess();
  const work = async (signal: AbortSignal) => {
    const here = await withDownloads(signal, (hooks) => located(options, hooks, { wanted: 'test' }));
    return evaluate(here.options, {
      signal,
      ranks,
      onOpened: (pairs, models) => meet(ranks, () => factsOf(here.options, pairs, models)),
      onPhase: (name, unit) => {
        progress.finish();
        progress = new Progress(' ', unit);
        say((phase = name));
      },
      onProgress: (done, total) => progress.update(done, total),
      onResult: (result) => write(`${jsonOf((latest = result), 2)}\n`),
      onWarning: (message) => say(`warning: ${message}`),
    });
  };
  try {
    show(await interruptible(work, say));
  } catch (error) {
    progress.finish();
    if (latest !== undefined) show(latest);
    if (phase !== '') say(`ended in the phase: ${phase}`);
    throw error;
  } finally {
    progress.finish();
  }
}
