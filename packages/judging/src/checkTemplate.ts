import { ConfigError } from '@selfjudge/base';
import { partsOf, questionsOf } from './parts.js';
import { holds, refuseUnknown, requirePlaceholders } from './placeholders.js';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

const PARTS = ['system', 'user', 'assistant'] as const;
const OF_PAIR = ['context', 'response_a', 'response_b'];

/**
 * Looks at what a template says: every question has its parts, every part the placeholders it needs and no other.
 * @throws ConfigError naming the key
 */
export function checkTemplate(template: JudgeTemplate): void {
  const { principles, rationale } = template;
  const twice = principles.find(({ name }, i) => principles.findIndex((one) => one.name === name) < i);
  if (twice !== undefined)
    throw new ConfigError({
      key: 'judge_template.principles',
      expected: 'names that differ, as labels and votes go by them',
      received: `${twice.name} twice`,
    });
  questionsOf(template).forEach((question, i) => checkQuestion(template, question, i));
  if (rationale === undefined) return;
  const names = holds(rationale, 'rationale') ? ['rationale'] : ['rationale_a', 'rationale_b'];
  requirePlaceholders('judge_template.rationale', rationale, names);
  refuseUnknown('judge_template.rationale', rationale, names);
}

function checkQuestion(template: JudgeTemplate, question: JudgePrinciple, index: number): void {
  const parts = partsOf(template, question);
  const keyOf = (part: (typeof PARTS)[number]) =>
    question[part] === undefined ? `judge_template.${part}` : `judge_template.principles.${index}.${part}`;
  requirePlaceholders(keyOf('user'), parts.user, OF_PAIR);
  const named = PARTS.filter((part) => holds(parts[part] ?? '', 'principle'));
  if (template.principles.length === 0 && named.length > 0)
    throw new ConfigError({
      key: 'judge_template.principles',
      expected: 'a list of principles, as the text has {principle}',
      received: 'none',
    });
  for (const part of PARTS)
    refuseUnknown(keyOf(part), parts[part] ?? '', [...(part === 'user' ? OF_PAIR : []), 'principle']);
  if (template.principles.length === 0) return;
  if (named.length > 0 && question.text === undefined)
    throw new ConfigError({
      key: `judge_template.principles.${index}.text`,
      expected: `a text, as ${keyOf(named[0])} has {principle}`,
      received: 'nothing',
    });
  // Without either it would be asked what another principle asks.
  if (named.length === 0 && PARTS.every((part) => question[part] === undefined))
    requirePlaceholders('judge_template.assistant', parts.assistant + parts.user, ['principle']);
}
