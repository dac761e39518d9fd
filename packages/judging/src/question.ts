import type { Message } from '@selfjudge/text';
import { contextText } from './context.js';
import type { JudgePair, Order } from './pair.js';
import { partsOf } from './parts.js';
import { fill } from './placeholders.js';
import { withoutReasoning } from './reasoning.js';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

/** A question in one order, in no model's words yet. */
export interface Question {
  messages: Message[];
  /** How the judge's answer begins; the verdict comes next. */
  opened: string;
}

/** @throws ArgumentError for a prompt of which the template shows nothing */
export function questionOf(
  template: JudgeTemplate,
  asked: JudgePrinciple,
  pair: JudgePair,
  order: Order,
): Question {
  const { system, user, assistant } = partsOf(template, asked);
  const [a, b] = template.reasoning === 'keep' ? [pair.a, pair.b] : [pair.a, pair.b].map(withoutReasoning);
  const [response_a, response_b] = order === 'ab' ? [a, b] : [b, a];
  const principle: Record<string, string> = asked.text === undefined ? {} : { principle: asked.text };
  const context = contextText(pair.prompt, template.conversation);
  const messages: Message[] = [
    { role: 'user', content: fill(user, { context, response_a, response_b, ...principle }) },
  ];
  if (system !== undefined) messages.unshift({ role: 'system', content: fill(system, principle) });
  return { messages, opened: fill(assistant, principle) };
}
