import { ArgumentError } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import { findModel } from '@selfjudge/engine/internal';
import { assertTemplate } from '../models/judgeTemplate.js';
import { findJudge } from '../models/openJudge.js';
import { formatWarnings, openModel, type ModelOptions, type OpenModel } from '../models/model.js';
import { templateNotes } from '../models/templateSettings.js';
import { readTrainingData, resolvePromptFormat } from '../models/trainingData.js';
import { fileRows } from '../rows/datasets.js';
import { judgedNotes, promptNotes } from '../rows/promptNotes.js';
import { fittingPairs, heldOut } from './evaluatedPairs.js';
import { phasesOf, type EvaluateHooks, type EvaluateOptions, type Evaluation } from './evaluationPhases.js';

/**
 * Held-out human pairs: judge agreement; with a baseline also win rates on the prompts of those pairs and the accuracy
 * of the policy's implicit reward.
 *
 * @throws DataError when no pair is left, ArgumentError when the model was trained on all of them or the baseline has
 *   another tokenizer, all before any phase
 */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks = {}): Promise<Evaluation> {
  const { onPhase = () => {}, onResult = () => {}, onWarning = () => {} } = hooks;
  assertTemplate(options.judgeTemplate);
  const promptFormat = resolvePromptFormat(options.promptFormat, findModel(options.modelNameOrPath));
  const pairs = await fileRows.preferences({ ...options, promptFormat }, onWarning);
  const judge = await findJudge(options.outsideJudge, { ...options, judgeTemplate: 'auto', promptFormat });
  const opened: { dispose(): void }[] = [];
  const open = async (path: string, own: Pick<ModelOptions, 'adapter' | 'chatTemplate'> = {}) => {
    const model = await openModel(path, { ...options, adapter: undefined, ...own });
    opened.push(model);
    const lines = [...formatWarnings(model), ...templateNotes(model.templateSettings)];
    for (const line of lines) onWarning(`${shownPath(path)}: ${line}`);
    return model;
  };
  try {
    const policy = await open(options.modelNameOrPath, { adapter: options.adapter });
    const outside = await judge?.(policy);
    if (outside !== undefined) {
      opened.push(outside);
      for (const line of outside.warnings) onWarning(`${shownPath(options.outsideJudge!)}: ${line}`);
    }
    const baseline = options.baseline === undefined ? undefined : await open(options.baseline);
    if (baseline !== undefined) assertSameTokenizer(policy, baseline);
    const { adapter, datasetSplit } = options;
    const parts = [policy, ...(adapter === undefined ? [] : [findModel(adapter)])];
    const unseen = heldOut(pairs, parts.map(readTrainingData), datasetSplit, onWarning);
    const fitting = fittingPairs(unseen, policy, options, onWarning);
    const prompts = fitting.map(({ prompt }) => prompt);
    const notes = [...promptNotes(prompts, policy.tokenizer, promptFormat), ...judgedNotes(prompts)];
    for (const note of notes) onWarning(note);
    hooks.onOpened?.(fitting, { policy, baseline, outside: outside?.judge });
    const phases = phasesOf({ policy, outside: outside?.judge, baseline }, fitting, options, hooks);
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
