import { ConfigError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { z } from 'zod';
import { checkTemplate } from './checkTemplate.js';
import type { JudgeTemplate } from './template.js';

const text = z.string().min(1);
const parts = { system: text.optional(), user: text.optional(), assistant: text.optional() };
const principle = z.strictObject({ name: text, text: text.optional(), ...parts });
const conversation = z.strictObject({
  speakers: z.enum(['several', 'always', 'never']).optional(),
  system: z.enum(['keep', 'drop']).optional(),
});
const schema = z.strictObject({
  name: text,
  ...parts,
  conversation: conversation.optional(),
  verdicts: z.strictObject({ a: text, b: text }).default({ a: ' A', b: ' B' }),
  principles: z.array(principle).default([]),
  rationale: text.optional(),
  reasoning: z.enum(['drop', 'keep']).optional(),
});

/** Checks the content of a template file. @throws ConfigError naming the key */
export function parseJudgeTemplate(content: unknown): JudgeTemplate {
  const result = schema.safeParse(content);
  if (!result.success) throw configError(result.error.issues[0]);
  checkTemplate(result.data);
  return result.data;
}

/** Keys that are known at a place of a template. */
function keysAt([first]: readonly PropertyKey[]): string[] {
  const { shape } = first === 'principles' ? principle : first === 'conversation' ? conversation : schema;
  return first === 'verdicts' ? ['a', 'b'] : Object.keys(shape);
}

function configError(issue: z.core.$ZodIssue): ConfigError {
  const path = ['judge_template', ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path);
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
