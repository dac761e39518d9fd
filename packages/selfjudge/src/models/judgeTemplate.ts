import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JudgeReasoning, JudgeTemplate } from '@selfjudge/judging';
import { formatJudgeTemplate, loadJudgeTemplate } from '@selfjudge/judging/internal';

const TEMPLATE_FILE = 'judge_template.yaml';

/** What needs no model to be said: that a template other than `auto` is there and whole. @throws ConfigError, FileFormatError */
export function assertTemplate(nameOrPath: string): void {
  if (nameOrPath !== 'auto') loadJudgeTemplate(nameOrPath);
}

/**
 * `auto`: the template that was trained into the weights and is saved beside them, else the plain one.
 * @param reasoning what the judge reads of answers with reasoning; `auto`: what the template says
 */
export function resolveTemplate(
  nameOrPath: string,
  { path }: { path: string },
  reasoning: JudgeReasoning | 'auto' = 'auto',
): JudgeTemplate {
  const beside = join(path, TEMPLATE_FILE);
  const own = nameOrPath === 'auto' ? (existsSync(beside) ? beside : 'plain') : nameOrPath;
  const template = loadJudgeTemplate(own);
  return reasoning === 'auto' ? template : { ...template, reasoning };
}

/** Whether weights learnt a template: it lies beside them. */
export function hasTemplate(folder: string): boolean {
  return existsSync(join(folder, TEMPLATE_FILE));
}

/** Saves a template beside the weights that learnt it, where `auto` finds it. */
export function saveTemplate(template: JudgeTemplate, folder: string): void {
  writeFileSync(join(folder, TEMPLATE_FILE), formatJudgeTemplate(template));
}

/** Takes the template beside one set of weights along to weights trained from them. */
export function carryTemplate(from: string, folder: string): void {
  const source = join(from, TEMPLATE_FILE);
  if (existsSync(source)) copyFileSync(source, join(folder, TEMPLATE_FILE));
}
