import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PromptFormat } from '@selfjudge/data';
import { findModel } from '@selfjudge/engine/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import type { Tokenizer } from '@selfjudge/text';
import { fingerprintOfFiles } from '../models/fingerprintOfFiles.js';
import type { OpenModel } from '../models/model.js';
import type { OpenReward } from '../models/rewardModel.js';
import type { InputRow } from '../rows/rows.js';
import { contentsOf } from '../training/fingerprints.js';
import type { RowsOrigin } from './keptRows.js';

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

/**
 * Of a judge, wherever its rows come from: what its verdict on a pair is a function of, to the bit.
 * @param tokenizer its own
 */
export function fingerprintOfJudge(
  { config, contents, kernel_path }: RowsOrigin,
  { chatTemplate = '' }: Pick<Tokenizer, 'chatTemplate'>,
): string {
  const { dtype, judge_reasoning, chat_template_kwargs, chat_template_date } = config;
  const { data: _, ...ofJudge } = contents;
  const day = chatTemplate.includes('strftime_now') ? chat_template_date : null;
  return hashOf({ dtype, judge_reasoning, chat_template_kwargs, day, ofJudge, kernel_path });
}

/** The weights that are asked. */
export const modelOf = (opened: OpenedJudge) =>
  'reward' in opened ? opened.reward.view.model : opened.model;

/** Of the lines as they were read, those that are no rows too. */
const fingerprintOfRows = (rows: readonly InputRow<unknown>[]): string =>
  hashOf(rows.map(({ columns, problem }) => columns ?? problem));

/** The scale of an adapter stands beside its tensors. */
function adapterConfigIn(folder: string): string | undefined {
  const file = join(folder, 'adapter_config.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
