export type Role = 'system' | 'user' | 'assistant' | 'tool' | 'developer';

/** A part of a message's content; of those known to all templates, text. */
export interface ContentPart {
  type: 'text';
  text: string;
}

/**
 * One turn of a conversation. Further fields, such as `tool_calls`, `name` or `reasoning_content`, reach the chat template
 * as they are.
 */
export interface Message {
  role: Role;
  /** Absent or null for a turn that only calls tools. */
  content?: string | ContentPart[] | null;
}

const ROLES: readonly string[] = ['system', 'user', 'assistant', 'tool', 'developer'];

/** Whether `value` is a message. */
export function isMessage(value: unknown): value is Message {
  return messageFault(value) === undefined;
}

/** Why `value` is no message, naming role or content; undefined for one. */
export function messageFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a message is an object';
  const { role, content, tool_calls: calls } = value as Record<string, unknown>;
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    return `role: expected one of ${ROLES.join(', ')}, received ${shown(role)}`;
  }
  if (typeof content === 'string') return undefined;
  if (content === null || content === undefined) {
    const calling = Array.isArray(calls) && calls.length > 0;
    return calling ? undefined : `content: expected text, received ${shown(content)} without tool_calls`;
  }
  if (!Array.isArray(content) || content.length === 0) {
    return `content: expected a string or a list of parts, received ${shown(content)}`;
  }
  const wrong = content.find((part) => !isTextPart(part)) as { type?: unknown } | undefined;
  if (wrong === undefined) return undefined;
  return `content: expected parts { type: 'text', text }, received one of type ${shown(wrong?.type)}`;
}

function isTextPart(part: unknown): part is ContentPart {
  if (typeof part !== 'object' || part === null) return false;
  const { type, text } = part as Partial<ContentPart>;
  return type === 'text' && typeof text === 'string';
}

const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);

/** The text of a message; that of its parts, one after another; empty where it has none. */
export function messageText({ content }: Message): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text }) => text).join('');
}
