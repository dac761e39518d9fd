import { ArgumentError } from '@selfjudge/base';
import { check, instance } from '@selfjudge/base/checks';
import { judgeAgreement, type JudgeAgreement } from '@selfjudge/evaluation';
import { withHooks } from '../inference/evaluate.js';
import { judgeOf } from '../inference/judge.js';
import { evaluateOptions, isRowSet } from './checks.js';
import { Model } from './model.js';
import { preferencesOf, type PreferenceRows } from './rows.js';

export interface EvaluateJudgeOptions {
  /** A shipped judge template's name, a file, or `auto` (default): the one the weights learnt. */
  template?: string;
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
  const { template = 'auto', onWarning = () => {}, ...hooks } = options;
  const rows = preferencesOf(pairs, onWarning);
  if (rows.length > 0) return judgeAgreement(withHooks(judgeOf(model.opened, template), hooks), rows);
  throw new ArgumentError('pairs', {
    where: 'evaluateJudge',
    expected: 'at least one pair that can be used',
    received: 'none',
  });
}
