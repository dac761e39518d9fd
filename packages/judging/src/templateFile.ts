import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, FileFormatError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { parseYaml } from '@selfjudge/data/internal';
import { stringify } from 'yaml';
import { parseJudgeTemplate } from './parseTemplate.js';
import type { JudgeTemplate } from './template.js';

const FOLDER = fileURLToPath(new URL('../templates/', import.meta.url));

/** Names of the templates that come with the library. */
export function shippedTemplates(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * Where a template lies: the file of a shipped name, or the path that was given.
 * @throws ConfigError for an unknown name, with the nearest known one
 */
export function templateFileOf(nameOrPath: string): string {
  const shipped = /^[\w-]+$/.test(nameOrPath) ? `${FOLDER}${nameOrPath}.yaml` : undefined;
  if (shipped !== undefined && existsSync(shipped)) return shipped;
  if (existsSync(nameOrPath)) return nameOrPath;
  const names = shippedTemplates();
  throw new ConfigError({
    key: 'judge_template',
    expected: `one of ${names.join(', ')}, or a file`,
    received: nameOrPath,
    nearest: nearest(nameOrPath, names),
  });
}

/**
 * Loads a template by its shipped name, or from a YAML or JSON file.
 *
 * @throws ConfigError for an unknown name, key or missing placeholder, with the nearest known one; FileFormatError when
 *   the file is no YAML
 */
export function loadJudgeTemplate(nameOrPath: string): JudgeTemplate {
  const path = templateFileOf(nameOrPath);
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError({ path, expected: 'YAML or JSON', received: (error as Error).message });
  }
  return parseJudgeTemplate(content);
}

/** The template as the content of a file that `loadJudgeTemplate` reads. */
export function formatJudgeTemplate(template: JudgeTemplate): string {
  return stringify(template);
}
