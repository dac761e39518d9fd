import { ConfigError } from '@selfjudge/base';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

/** Name of the only question of a template without principles. */
export const OVERALL = 'overall';

/** What is asked about each pair: the principles, or one question named `overall`. */
export const questionsOf = ({ principles }: JudgeTemplate): readonly JudgePrinciple[] =>
  principles.length > 0 ? principles : [{ name: OVERALL }];

/** The texts of one question, with their placeholders. */
export interface QuestionParts {
  system?: string;
  user: string;
  assistant: string;
}

/** The parts of a question: its own before those of the template. @throws ConfigError where it has no user or assistant part */
export function partsOf(template: JudgeTemplate, question: JudgePrinciple): QuestionParts {
  const { system = template.system, user = template.user, assistant = template.assistant } = question;
  if (user !== undefined && assistant !== undefined)
    return { ...(system !== undefined && { system }), user, assistant };
  throw new ConfigError({
    key: `judge_template.${user === undefined ? 'user' : 'assistant'}`,
    expected: `a text, as the question ${question.name} has none of its own`,
    received: 'nothing',
  });
}
