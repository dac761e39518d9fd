import type { Message, Role } from '@selfjudge/text';

import type { Outcome } from './problem.js';
import { problem } from './problem.js';

const ROLES: readonly string[] = ['system', 'user', 'assistant'] satisfies Role[];

/** Properties of messages that a chat template may show and that are not read: a row that has one would become another. */
const NOT_READ = ['tool_calls', 'function_call', 'reasoning_content', 'reasoning', 'thinking'];

/** A column as messages, without further properties; why not, where it is none. @param name of the column */
export function readMessages(value: unknown, name: string): Outcome<Message[]> {
  if (!Array.isArray(value) || value.length === 0)
    return problem('unknown-shape', `${name} is no list of messages {role, content}`);
  const messages: Message[] = [];
  for (const [i, one] of value.entries()) {
    const message = readMessage(one, `${name}[${i}]`);
    if (message.problem) return message;
    messages.push(message.value);
  }
  return { value: messages };
}

function readMessage(value: unknown, name: string): Outcome<Message> {
  if (typeof value !== 'object' || value === null || !('role' in value) || !('content' in value))
    return problem('unknown-shape', `${name} is no message {role, content}`);
  const { role, content } = value as Record<string, unknown>;
  if (typeof role !== 'string' || !ROLES.includes(role))
    return problem('unknown-shape', `${name} has the role ${quoted(role)}; ${ROLES.join(', ')} are read`);
  const unread = NOT_READ.find((key) => isGiven((value as Record<string, unknown>)[key]));
  if (unread !== undefined) return problem('unknown-shape', `${name} has ${unread}, which are not read`);
  const text = contentOf(content, name);
  return text.problem ? text : { value: { role: role as Role, content: text.value } };
}

/** A string, or the texts of a list of parts. */
function contentOf(content: unknown, name: string): Outcome<string> {
  if (typeof content === 'string') return { value: content };
  if (!Array.isArray(content))
    return problem('unknown-shape', `${name} has ${quoted(content)} as content, where a text is read`);
  const texts: string[] = [];
  for (const part of content) {
    const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
    if (type !== 'text' || typeof text !== 'string')
      return problem(
        'unknown-shape',
        `${name} has a content part of type ${quoted(type)}; only text is read`,
      );
    texts.push(text);
  }
  return { value: texts.join('') };
}

/** Data sets fill what a message lacks with null or nothing. */
const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);

const quoted = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 40))
    : value === null
      ? 'null'
      : `a ${typeof value}`;
