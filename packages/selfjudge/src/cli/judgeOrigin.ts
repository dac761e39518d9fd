import type { PromptFormat } from '@selfjudge/data';
import type { JudgeTemplate } from '@selfjudge/judging';
import { formatJudgeTemplate } from '@selfjudge/judging/internal';
import { hashOf, type RowsOrigin } from '../models/judgeOrigin.js';
import type { InputRow } from '../rows/rows.js';

/** What decides the verdicts of a judge behind an endpoint: of its weights nobody says anything. */
export function endpointOrigin(
  { endpoint, model, template }: { endpoint: string; model: string; template: JudgeTemplate },
  format: PromptFormat,
  rows: readonly InputRow<unknown>[],
): RowsOrigin {
  return {
    config: {
      verb: 'judge',
      judge_endpoint: endpoint,
      model_name_or_path: model,
      prompt_format: format,
      judge_reasoning: template.reasoning ?? 'drop',
    },
    contents: {
      data: fingerprintOfRows(rows),
      judge_template: hashOf(formatJudgeTemplate({ ...template, reasoning: undefined })),
    },
    kernel_path: 'endpoint',
  };
}

/** Of the lines as they were read, those that are no rows too. */
export const fingerprintOfRows = (rows: readonly InputRow<unknown>[]): string =>
  hashOf(rows.map(({ columns, problem }) => columns ?? problem));
