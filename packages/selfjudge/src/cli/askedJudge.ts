import { ConfigError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import type { Judge, Verdict } from '@selfjudge/judging';
import { fromScorer, type Explanation } from '@selfjudge/judging/internal';
import type { VerbOptions } from '../config/index.js';
import { explainRows, judgeOf } from '../inference/judge.js';
import type { InputRow } from '../rows/rows.js';
import { fingerprintOfJudge, judgeOrigin, modelOf, type OpenedJudge } from './judgeOrigin.js';
import type { RowsOrigin } from './keptRows.js';
import type { RowOptions } from './modelFlags.js';
import type { ReadyRows } from './overRows.js';

export type JudgeOptions = VerbOptions<'judge'> & RowOptions;

/** Who is asked about rows, and what decides what it says. */
export interface AskedJudge {
  judge: Judge;
  origin: RowsOrigin;
  /** Of all that its verdicts are a function of, to the bit. */
  fingerprint: string;
  /** Of a model that judges, its context in tokens. */
  maxPositions?: number;
  /** Reasons for the verdicts on some rows, a list a row; none where they are not asked for. */
  explain(
    rows: readonly InputRow<AnswerPair>[],
    results: readonly InputRow<Verdict>[],
    signal: AbortSignal,
  ): Promise<(Explanation | undefined)[][]>;
}

/**
 * A model that is open, as judge of rows.
 * @throws ConfigError where reasons are asked of one that learnt none
 */
export function askedModel({
  rows,
  opened,
  options,
  format,
}: ReadyRows<AnswerPair, OpenedJudge, JudgeOptions>): AskedJudge {
  const { judgeTemplate, judgeReasoning, explain, maxNewTokens, adapter } = options;
  const token = 'reward' in opened ? undefined : judgeOf(opened, judgeTemplate, judgeReasoning);
  if (explain && token?.template.rationale === undefined)
    throw new ConfigError({
      key: 'explain',
      expected: 'a model that judges by a judge template with a rationale (--judge_template rationale)',
      received: token === undefined ? 'a reward model' : `the judge template ${token.template.name}`,
    });
  const explained = explain ? maxNewTokens : undefined;
  const origin = judgeOrigin({ opened, adapter, template: token?.template, format, explained }, rows);
  return {
    judge: 'reward' in opened ? fromScorer(opened.scorer) : token!,
    origin,
    fingerprint: fingerprintOfJudge(origin, opened.tokenizer),
    maxPositions: modelOf(opened).config.maxPositions,
    explain: async (judged, results, signal) =>
      explain ? explainRows(token!, judged, results, { maxNewTokens, signal }) : [],
  };
}
