import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PromptFormat } from '@selfjudge/data';
import { findModel } from '@selfjudge/engine/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { formatJudgeTemplate } from '@selfjudge/judging/internal';
import type { Tokenizer } from '@selfjudge/text';
import { fingerprintOfFiles } from '../models/fingerprintOfFiles.js';
import type { OpenModel } from '../models/model.js';
import type { OpenReward } from '../models/rewardModel.js';
import type { InputRow } from '../rows/rows.js';
import { contentsOf } from '../training/fingerprints.js';
import type { RowsOrigin } from './rowsState.js';

/** A model that compares answers, by a token or by its rewards. */
export type OpenedJudge = OpenModel | OpenReward;

/** What decides the verdicts on rows. */
export interface JudgedBy {
  opened: OpenedJudge;
  /** An adapter that was put on the model. */
  adapter?: string;
  /** Of a model that judges by a token. */
  template?: JudgeTemplate;
  format: PromptFormat;
  /** Tokens of a rationale at most, where there is to be one. */
  explained?: number;
}

/** All that decides the verdicts on rows: what the same command on the same contents has again. */
export function judgeOrigin(
  { opened, adapter, template, format, explained }: JudgedBy,
  rows: readonly InputRow<unknown>[],
): RowsOrigin {
  const isReward = 'reward' in opened;
  const model = modelOf(opened);
  const { tokenizer, path, templateSettings } = opened;
  const {
    weights,
    adapter: _,
    ...contents
  } = contentsOf({ model, tokenizer, path }, fingerprintOfRows(rows), {
    judgeTemplate: template && { ...template, reasoning: undefined },
  });
  const onTop = adapter === undefined ? path : findModel(adapter).path;
  return {
    config: {
      verb: 'judge',
      dtype: model.dtype,
      prompt_format: format,
      chat_template_kwargs: templateSettings.arguments ?? {},
      chat_template_date: templateSettings.now,
      ...(template !== undefined && { judge_reasoning: template.reasoning ?? 'drop' }),
      explain: explained !== undefined,
      ...(explained !== undefined && { max_new_tokens: explained }),
    },
    contents: {
      ...contents,
      // What the tensors are computed with decides as they do.
      weights: hashOf([weights, model.config]),
      ...((isReward || adapter !== undefined || opened.adapter !== undefined) && {
        adapter: hashOf([fingerprintOfFiles(onTop), adapterConfigIn(onTop)]),
      }),
    },
    kernel_path: model.device.path,
  };
}

/** Keys that say what becomes of rows, not how a pair is judged. */
const OF_ROWS: ReadonlySet<string> = new Set(['verb', 'prompt_format', 'explain', 'max_new_tokens']);

/**
 * Of a judge, wherever its rows come from: what its verdict on a pair is a function of, to the bit.
 * @param tokenizer its own; none of a judge elsewhere
 */
export function fingerprintOfJudge(
  { config, contents, kernel_path }: RowsOrigin,
  { chatTemplate = '' }: Pick<Tokenizer, 'chatTemplate'> = {},
): string {
  const { data: _, ...ofJudge } = contents;
  const told = Object.entries(config).filter(
    ([key]) => !OF_ROWS.has(key) && (key !== 'chat_template_date' || chatTemplate.includes('strftime_now')),
  );
  return hashOf([told, ofJudge, kernel_path]);
}

/** The weights that are asked. */
export const modelOf = (opened: OpenedJudge) =>
  'reward' in opened ? opened.reward.view.model : opened.model;

/** The same of a judge behind an endpoint: of its weights nobody says anything. */
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

/** The scale of an adapter stands beside its tensors. */
function adapterConfigIn(folder: string): string | undefined {
  const file = join(folder, 'adapter_config.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
