import { ArgumentError } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import { promptIds } from '@selfjudge/data/internal';
import { assertTemplate } from '../models/judgeTemplate.js';
import { formatWarnings, openModel, type ModelOptions, type OpenModel } from '../models/model.js';
import { fileRows, type Warn } from '../rows/datasets.js';
import { phasesOf, type EvaluateHooks, type EvaluateOptions, type Evaluation } from './evaluationPhases.js';

/**
 * Held-out human pairs: judge agreement; with a baseline also win rates on the prompts of those pairs and the accuracy
 * of the policy's implicit reward.
 *
 * @throws DataError when no pair is left, ArgumentError when the baseline has another tokenizer, both before any phase
 */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks = {}): Promise<Evaluation> {
  const { onPhase = () => {}, onResult = () => {}, onWarning = () => {} } = hooks;
  assertTemplate(options.judgeTemplate);
  const pairs = await fileRows.preferences(options, onWarning);
  const opened: OpenModel[] = [];
  const open = async (path: string, own: Pick<ModelOptions, 'adapter' | 'chatTemplate'> = {}) => {
    const model = await openModel(path, { ...options, adapter: undefined, ...own });
    opened.push(model);
    for (const line of formatWarnings(model)) onWarning(`${path}: ${line}`);
    return model;
  };
  try {
    const policy = await open(options.modelNameOrPath, { adapter: options.adapter });
    const outside =
      options.outsideJudge === undefined
        ? undefined
        : await open(options.outsideJudge, { chatTemplate: undefined });
    const baseline = options.baseline === undefined ? undefined : await open(options.baseline);
    if (baseline !== undefined) assertSameTokenizer(policy, baseline);
    const fitting = fittingPairs(pairs, policy, options, onWarning);
    const phases = phasesOf({ policy, outside, baseline }, fitting, options, hooks);
    let result: Partial<Evaluation> = { samples: [] };
    for (const [i, { name, unit, run }] of phases.entries()) {
      hooks.signal?.throwIfAborted();
      onPhase(name, unit);
      result = { ...result, ...(await run(result)) };
      const unfinished = phases.slice(i + 1).map((phase) => phase.name);
      onResult({ ...(result as Evaluation), ...(unfinished.length > 0 && { unfinished }) });
    }
    return result as Evaluation;
  } finally {
    for (const model of opened) model.dispose();
  }
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
