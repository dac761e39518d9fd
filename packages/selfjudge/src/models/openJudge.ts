import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError, fileSystemError, shellWord } from '@selfjudge/base';
import { expandHome, shownPath } from '@selfjudge/base/internal';
import type { PromptFormat } from '@selfjudge/data';
import { DATA_FILE_NAME, describeIssues, judgedPairsIn } from '@selfjudge/data/internal';
import { TokenJudge, type Judge, type JudgeReasoning, type JudgeTemplate } from '@selfjudge/judging';
import { calibrated, ensemble, fromScorer, recorded } from '@selfjudge/judging/internal';
import { holdsReward } from '@selfjudge/engine/internal';
import {
  calibrationFor,
  calibrationPath,
  calibrationText,
  hasCalibration,
  rulesOf,
} from './calibrationFile.js';
import { isEnsembleFile, readEnsemble } from './ensembleFile.js';
import { fingerprintOfFiles } from './fingerprintOfFiles.js';
import { anyPathFingerprint, judgeOrigin, type OpenedJudge } from './judgeOrigin.js';
import { resolveTemplate } from './judgeTemplate.js';
import { formatWarnings, openSharing, type ModelOptions, type OpenModel } from './model.js';
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
 * Opens a judge that was found: its weights are read now. Once.
 * @param beside a model that stays open and as it is meanwhile: weights that are its own are shared
 */
export type FoundJudge = (beside?: OpenModel) => Promise<OpenJudge>;

/**
 * Looks who compares answers: a model that was taught to judge (a run, an adapter, a folder, a GGUF file), a reward model, a file of
 * judgments that were made before, which is read whole, or a YAML file of several, by whose votes it goes. It reads texts, so its tokenizer need not be that of
 * who answers. A model is asked with the calibration that lies beside its weights, if there is one. No weights are read yet: what is no judge is refused before those of who answers are.
 * @returns undefined where no path is given
 * @throws FileFormatError for what is none of these, FileSystemError for a file that cannot be read, DataError for one
 *   without a judgment
 */
export async function findJudge(
  path: string | undefined,
  options: JudgeOptions = {},
): Promise<FoundJudge | undefined> {
  if (path === undefined) return undefined;
  if (isEnsembleFile(path)) return findEnsemble(path, options);
  if (path === 'terminal' || /^https?:\/\//.test(path))
    throw new ConfigError({
      key: 'judge',
      expected:
        'a judge that says the same again: a model, a reward model, a file of judgments or of several judges',
      received: path,
    });
  if (DATA_FILE_NAME.test(path)) {
    const judge = await openRecorded(expandHome(path), options);
    return async () => judge;
  }
  if (holdsReward(path)) return () => openReward(path, options);
  return (beside) => openTokenJudge(path, options, beside);
}

/** Several judges, by the votes of whom it goes. */
async function findEnsemble(path: string, options: JudgeOptions): Promise<FoundJudge> {
  const { judges, weights } = readEnsemble(expandHome(path));
  const found: FoundJudge[] = [];
  for (const name of judges) {
    if (isEnsembleFile(name))
      throw new ConfigError({ key: path, expected: 'judges, and no file of several', received: name });
    found.push((await findJudge(expandHome(name), options))!);
  }
  return async (beside) => {
    const members: OpenJudge[] = [];
    const dispose = () => members.forEach((member) => member.dispose());
    try {
      for (const open of found) members.push(await open(beside));
    } catch (error) {
      dispose();
      throw error;
    }
    return {
      judge: ensemble(
        members.map(({ judge }) => judge),
        { by: 'votes', ...(weights !== undefined && { weights }) },
      ),
      about: `the votes of ${members.map(({ about }) => about).join('; ')}`,
      warnings: members.flatMap((member) => member.warnings),
      fingerprint: hashOf(JSON.stringify([members.map((member) => member.fingerprint), weights])),
      dispose,
    };
  };
}

/** Work with a judge, if one was found; it is closed afterwards. */
export async function withJudge<T>(
  found: FoundJudge | undefined,
  beside: OpenModel,
  work: (judge: OpenJudge | undefined) => Promise<T>,
): Promise<T> {
  const judge = await found?.(beside);
  try {
    return await work(judge);
  } finally {
    judge?.dispose();
  }
}

async function openRecorded(file: string, { promptFormat }: JudgeOptions): Promise<OpenJudge> {
  const bytes = await contentOf(file);
  const { rows, issues } = await judgedPairsIn(bytes, file, { promptFormat });
  const judge = await recorded(rows);
  return {
    judge,
    about: `judgments of ${judge.pairs} pairs in ${shownPath(file)}`,
    warnings:
      issues.length === 0
        ? []
        : [
            `${issues.length} rows left out
${describeIssues(issues)}`,
          ],
    fingerprint: hashOf(bytes),
    dispose: () => {},
  };
}

/** Of judgments, read once: what they say and what they are told apart by are of the same bytes. */
async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw fileSystemError(file, 'a file that can be read', error);
  }
}

async function openReward(path: string, options: JudgeOptions): Promise<OpenJudge> {
  const opened = await openRewardModel(path, shared(options));
  try {
    const { judge, notes, contents } = asCalibrated(fromScorer(opened.scorer), opened);
    return {
      judge,
      about: `the reward model ${shownPath(path)}`,
      warnings: [...formatWarnings(opened), ...templateNotes(opened.templateSettings), ...notes],
      fingerprint: hashOf(
        JSON.stringify([opened.reward.view.model.fingerprint, fingerprintOfFiles(opened.path), ...contents]),
      ),
      dispose: () => opened.dispose(),
    };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

async function openTokenJudge(path: string, options: JudgeOptions, beside?: OpenModel): Promise<OpenJudge> {
  const { judgeTemplate = 'auto', judgeReasoning } = options;
  const opened = await openSharing(beside, path, shared(options));
  try {
    const template = resolveTemplate(judgeTemplate, opened, judgeReasoning);
    const token = new TokenJudge(opened.view, opened.tokenizer, template);
    const { judge, notes, contents } = asCalibrated(token, opened, template);
    return {
      judge,
      about: `${shownPath(path)}, asked with judge template ${template.name}`,
      warnings: [...formatWarnings(opened), ...templateNotes(opened.templateSettings), ...notes],
      fingerprint: hashOf(
        JSON.stringify([opened.model.fingerprint, fingerprintOfFiles(opened.path), template, ...contents]),
      ),
      dispose: () => opened.dispose(),
    };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/**
 * A judge with the calibration that lies beside its weights, what is worth knowing of it, and what it adds to the fingerprint.
 * @throws ConfigError for the calibration of another judge
 */
function asCalibrated(
  judge: Judge,
  opened: OpenedJudge,
  template?: JudgeTemplate,
): { judge: Judge; notes: string[]; contents: object[] } {
  if (!hasCalibration(opened.path)) return { judge, notes: [], contents: [] };
  const path = calibrationPath(opened.path);
  // Of rows and of what a string prompt is its fingerprint says nothing.
  const origin = judgeOrigin({ opened, template, format: 'standard' }, '');
  const stored = calibrationFor(
    path,
    anyPathFingerprint(origin, opened.tokenizer),
    `rm ${shellWord(path)} goes without`,
  );
  const rules = rulesOf(stored);
  return {
    judge: calibrated(judge, rules),
    notes: [`the judge is ${calibrationText(path, stored)}`],
    contents: [rules],
  };
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
