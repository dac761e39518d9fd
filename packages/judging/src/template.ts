import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, FileFormatError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { parseYaml } from '@selfjudge/data/internal';
import { stringify } from 'yaml';
import { z } from 'zod';
import { holds, requirePlaceholders } from './placeholders.js';
import type { JudgeReasoning } from './reasoning.js';

/** A view under which two responses are compared. */
export interface JudgePrinciple {
  /** Names the vote, and the label in training data. */
  name: string;
  /** What stands for {principle}. */
  text: string;
}

/**
 * How a judge is asked. The model reads the user text, its own turn is opened with `assistant`, and the very next
 * token is the verdict.
 */
export interface JudgeTemplate {
  name: string;
  system?: string;
  /** Holds {context}, {response_a} and {response_b}; best in this order, for both orders share what comes before. */
  user: string;
  /** Begins the assistant's turn; ends right before the verdict. */
  assistant: string;
  /** Texts of the verdicts, each one token after `assistant`. */
  verdicts: { a: string; b: string };
  /** One question each; none: one question in all. {principle} then stands in `assistant` (better) or `user`. */
  principles: JudgePrinciple[];
  /**
   * What follows the verdict in training: with {rationale_a} and {rationale_b}, reasons about each response, or with
   * {rationale}, one text. Never generated to judge.
   */
  rationale?: string;
  /** Whether the judge reads reasoning (`<think>...</think>`) at the head of an answer. Default 'drop': what follows it. */
  reasoning?: JudgeReasoning;
}

const text = z.string().min(1);
const schema = z.strictObject({
  name: text,
  system: text.optional(),
  user: text,
  assistant: text,
  verdicts: z.strictObject({ a: text, b: text }).default({ a: ' A', b: ' B' }),
  principles: z.array(z.strictObject({ name: text, text })).default([]),
  rationale: text.optional(),
  reasoning: z.enum(['drop', 'keep']).optional(),
});

const FOLDER = fileURLToPath(new URL('../templates/', import.meta.url));

/** Names of the templates that come with the library. */
export function shippedTemplates(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * Loads a template by its shipped name, or from a YAML or JSON file.
 *
 * @throws ConfigError for an unknown name, key or missing placeholder, with the nearest known one; FileFormatError when
 *   the file is no YAML
 */
export function loadJudgeTemplate(nameOrPath: string): JudgeTemplate {
  const shipped = /^[\w-]+$/.test(nameOrPath) ? `${FOLDER}${nameOrPath}.yaml` : undefined;
  const path = shipped !== undefined && existsSync(shipped) ? shipped : nameOrPath;
  if (path !== shipped && !existsSync(path)) {
    const names = shippedTemplates();
    throw new ConfigError({
      key: 'judge_template',
      expected: `one of ${names.join(', ')}, or a file`,
      received: nameOrPath,
      nearest: nearest(nameOrPath, names),
    });
  }
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError({ path, expected: 'YAML or JSON', received: (error as Error).message });
  }
  return parseJudgeTemplate(content);
}

/** Checks the content of a template file. @throws ConfigError naming the key */
export function parseJudgeTemplate(content: unknown): JudgeTemplate {
  const result = schema.safeParse(content);
  if (!result.success) throw configError(result.error.issues[0]);
  const template = result.data;
  requirePlaceholders('judge_template.user', template.user, ['context', 'response_a', 'response_b']);
  if (template.principles.length > 0) {
    requirePlaceholders('judge_template.assistant', template.assistant + template.user, ['principle']);
  } else if (holds(template.user + template.assistant, 'principle')) {
    throw new ConfigError({
      key: 'judge_template.principles',
      expected: 'a list of principles, as the text has {principle}',
      received: 'none',
    });
  }
  if (template.rationale !== undefined && !holds(template.rationale, 'rationale')) {
    requirePlaceholders('judge_template.rationale', template.rationale, ['rationale_a', 'rationale_b']);
  }
  return template;
}

/** The template as the content of a file that `loadJudgeTemplate` reads. */
export function formatJudgeTemplate(template: JudgeTemplate): string {
  return stringify(template);
}

function configError(issue: z.core.$ZodIssue): ConfigError {
  const path = ['judge_template', ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 ? Object.keys(schema.shape) : ['a', 'b', 'name', 'text'];
    const [key] = issue.keys;
    return new ConfigError({
      key: `${path}.${key}`,
      expected: `a key of a judge template (${known.join(', ')})`,
      received: key,
      nearest: nearest(key, known),
    });
  }
  return new ConfigError({ key: path, expected: issue.message, received: issue.input });
}
