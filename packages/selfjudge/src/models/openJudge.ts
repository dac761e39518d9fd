import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expandHome, shownPath } from '@selfjudge/base/internal';
import type { PromptFormat } from '@selfjudge/data';
import { describeIssues } from '@selfjudge/data/internal';
import { TokenJudge, type Judge, type JudgeReasoning } from '@selfjudge/judging';
import { fromScorer, recorded } from '@selfjudge/judging/internal';
import { holdsReward } from '@selfjudge/engine/internal';
import { fingerprintOfFiles } from './fingerprintOfFiles.js';
import { resolveTemplate } from './judgeTemplate.js';
import { formatWarnings, openModel, type ModelOptions } from './model.js';
import { openRewardModel } from './rewardModel.js';
import { templateNotes } from './templateSettings.js';

/** Of what its caller's own model is opened with, a judge shares no adapter and no chat template: it has its own. */
type Shared = Pick<ModelOptions, 'device' | 'dtype' | 'chatTemplateKwargs' | 'chatTemplateDate'>;

export interface JudgeOptions extends Shared {
  /** Of a model that judges by a token: a shipped template's name, a file, or `auto` (default): the one it learnt. */
  judgeTemplate?: string;
  judgeReasoning?: JudgeReasoning | 'auto';
  /** Of a file of judgments: what a string prompt is. */
  promptFormat?: PromptFormat;
}

/** A judge that stands by itself, as a path names it. */
export interface OpenJudge {
  judge: Judge;
  /** What it is, in words. */
  about: string;
  /** What is worth knowing of how it is asked. */
  warnings: string[];
  /** Of what decides its verdicts. */
  fingerprint: string;
  dispose(): void;
}

/**
 * Opens who compares answers: a model that was taught to judge (a run, an adapter, a folder, a GGUF file), a reward model, or
 * a JSONL file of judgments that were made before. It reads texts, so its tokenizer need not be that of who answers.
 * @throws FileFormatError for what is none of these, DataError for a file without one judgment
 */
export async function openJudge(path: string, options: JudgeOptions = {}): Promise<OpenJudge> {
  if (ROWS.test(path)) return openRecorded(expandHome(path), options);
  return holdsReward(path) ? openReward(path, options) : openTokenJudge(path, options);
}

/** Work with the judge that a path names, if there is one; it is closed afterwards. */
export async function withJudge<T>(
  path: string | undefined,
  options: JudgeOptions,
  work: (judge: OpenJudge | undefined) => Promise<T>,
): Promise<T> {
  const judge = path === undefined ? undefined : await openJudge(path, options);
  try {
    return await work(judge);
  } finally {
    judge?.dispose();
  }
}

const ROWS = /\.jsonl?(\.gz)?$/i;

async function openRecorded(file: string, { promptFormat }: JudgeOptions): Promise<OpenJudge> {
  const judge = await recorded(file, { promptFormat });
  return {
    judge,
    about: `judgments of ${judge.pairs} pairs in ${shownPath(file)}`,
    warnings:
      judge.issues.length === 0
        ? []
        : [`${judge.issues.length} rows left out\n${describeIssues(judge.issues)}`],
    fingerprint: hashOf(readFileSync(file)),
    dispose: () => {},
  };
}

async function openReward(path: string, options: JudgeOptions): Promise<OpenJudge> {
  const opened = await openRewardModel(path, shared(options));
  return {
    judge: fromScorer(opened.scorer),
    about: `the reward model ${shownPath(path)}`,
    warnings: [...formatWarnings(opened), ...templateNotes(opened.templateSettings)],
    fingerprint: hashOf(
      JSON.stringify([opened.reward.view.model.fingerprint, fingerprintOfFiles(opened.path)]),
    ),
    dispose: () => opened.dispose(),
  };
}

async function openTokenJudge(path: string, options: JudgeOptions): Promise<OpenJudge> {
  const { judgeTemplate = 'auto', judgeReasoning } = options;
  const opened = await openModel(path, shared(options));
  try {
    const template = resolveTemplate(judgeTemplate, opened, judgeReasoning);
    return {
      judge: new TokenJudge(opened.view, opened.tokenizer, template),
      about: `${shownPath(path)}, asked with judge template ${template.name}`,
      warnings: [...formatWarnings(opened), ...templateNotes(opened.templateSettings)],
      fingerprint: hashOf(
        JSON.stringify([opened.model.fingerprint, fingerprintOfFiles(opened.path), template]),
      ),
      dispose: () => opened.dispose(),
    };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** Field by field: callers give all that their verb was told. */
const shared = ({ device, dtype, chatTemplateKwargs, chatTemplateDate }: JudgeOptions): Shared => ({
  device,
  dtype,
  chatTemplateKwargs,
  chatTemplateDate,
});

const hashOf = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 32);
