import { ArgumentError } from '@selfjudge/core';
import { judgeAgreement, type JudgeAgreement } from '@selfjudge/evaluation';
import { withHooks } from '../pipelines/evaluate.js';
import { judgeOf } from '../pipelines/judge.js';
import type { Model } from './model.js';
import { preferencesOf, type PreferenceRows } from './rows.js';

export interface EvaluateJudgeOptions {
  /** A shipped judge template's name, a file, or `auto` (default): the one the weights learnt. */
  template?: string;
  onProgress?(done: number, total: number): void;
  onWarning?(message: string): void;
  signal?: AbortSignal;
}

/**
 * How often the model, as a judge, agrees with known preferences, each with a 95% interval. The pairs should be none
 * that it was trained on. `alwaysLonger` is what naming the longer answer would score.
 *
 * @throws ArgumentError when no pair can be used
 */
export async function evaluateJudge(
  model: Model,
  pairs: PreferenceRows,
  { template = 'auto', onWarning = () => {}, ...hooks }: EvaluateJudgeOptions = {},
): Promise<JudgeAgreement> {
  const rows = preferencesOf(pairs, onWarning);
  if (rows.length > 0) return judgeAgreement(withHooks(judgeOf(model.opened, template), hooks), rows);
  throw new ArgumentError('pairs', {
    where: 'evaluateJudge',
    expected: 'at least one pair that can be used',
    received: 'none',
  });
}
