import type { Message } from '@selfjudge/text';
import { contextText } from './context.js';
import type { JudgePair, Order } from './pair.js';
import { fill } from './placeholders.js';
import { withoutReasoning } from './reasoning.js';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

/** Name of the only question of a template without principles. */
export const OVERALL = 'overall';

/** What is asked about each pair: the principles, or one question named `overall`. */
export const questionsOf = ({ principles }: JudgeTemplate): readonly JudgePrinciple[] =>
  principles.length > 0 ? principles : [{ name: OVERALL, text: '' }];

/** A question in one order, in no model's words yet. */
export interface Question {
  messages: Message[];
  /** How the judge's answer begins; the verdict comes next. */
  opened: string;
}

export function questionOf(
  { system, user, assistant, reasoning }: JudgeTemplate,
  { text: principle }: JudgePrinciple,
  pair: JudgePair,
  order: Order,
): Question {
  const [a, b] = reasoning === 'keep' ? [pair.a, pair.b] : [pair.a, pair.b].map(withoutReasoning);
  const [first, second] = order === 'ab' ? [a, b] : [b, a];
  const values = { context: contextText(pair.prompt), response_a: first, response_b: second, principle };
  const messages: Message[] = [{ role: 'user', content: fill(user, values) }];
  if (system !== undefined) messages.unshift({ role: 'system', content: system });
  return { messages, opened: fill(assistant, { principle }) };
}
