import { ArgumentError } from '@selfjudge/base';
import { check, instance } from '@selfjudge/base/checks';
import type { JudgeAgreement } from '@selfjudge/evaluation';
import { judgeAgreement } from '@selfjudge/evaluation/internal';
import type { JudgeReasoning } from '@selfjudge/judging';
import { underTodaysNames } from '../config/index.js';
import { withHooks } from '../inference/evaluationPhases.js';
import { judgeOf } from '../inference/judge.js';
import { evaluateOptions, isRowSet } from './checks.js';
import { Model, type EarlierNames } from './model.js';
import { preferencesOf, type PreferenceRows } from './rows.js';

export interface EvaluateJudgeOptions extends EarlierNames {
  /** A shipped judge template's name, a file, or `auto` (default): the one the weights learnt. */
  judgeTemplate?: string;
  /** What the judge reads of answers with reasoning; `auto` (default): as the judge template says, else `drop`. */
  judgeReasoning?: JudgeReasoning | 'auto';
  onProgress?(done: number, total: number): void;
  onWarning?(message: string): void;
  signal?: AbortSignal;
}

const evaluateArguments = { model: instance(Model), pairs: isRowSet, options: evaluateOptions };

/**
 * How often the model, as a judge, agrees with known preferences, each with a 95% interval. The pairs should be none
 * that it was trained on. `alwaysLonger` is what naming the longer answer would score.
 *
 * @throws ArgumentError when no pair can be used
 */
export async function evaluateJudge(
  model: Model,
  pairs: PreferenceRows,
  options: EvaluateJudgeOptions = {},
): Promise<JudgeAgreement> {
  check('evaluateJudge', { model, pairs, options }, evaluateArguments);
  const {
    judgeTemplate = 'auto',
    judgeReasoning,
    onWarning = () => {},
    ...hooks
  } = underTodaysNames(options);
  const rows = preferencesOf(pairs, onWarning);
  if (rows.length > 0) {
    const judge = judgeOf(model.opened, judgeTemplate, judgeReasoning);
    return judgeAgreement(withHooks(judge, { ...hooks, onWarning }), rows);
  }
  throw new ArgumentError('pairs', {
    where: 'evaluateJudge',
    expected: 'at least one pair that can be used',
    received: 'none',
  });
}
