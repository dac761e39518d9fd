// A conversation through a chat template, with what its data say kept apart from what the template writes.
import { ArgumentError } from '@selfjudge/base';
import type { ChatTemplate } from './chatTemplate.js';
import type { ControlTokens } from './controlTokens.js';
import { TemplateError } from './jinja/errors.js';
import { fromJs } from './jinja/fromJs.js';
import { str } from './jinja/printing.js';
import { Dict, present, type Value } from './jinja/values.js';
import { messageText, type Message } from './message.js';
import { rendered, type RenderedText } from './rendered.js';
import { Shield } from './shield.js';
import type { TemplateArguments } from './templateArguments.js';

/** What a chat template is told. */
export interface Conversation {
  messages: readonly Message[];
  addGenerationPrompt: boolean;
  /** The tokenizer's special tokens by name, such as bos_token. */
  tokens: Readonly<Record<string, string>>;
  arguments: TemplateArguments;
  /** The moment that `strftime_now` tells. */
  now: Date;
}

/**
 * The conversation as the template shows it: transformers' text, in which no control token comes from data.
 * @throws ArgumentError when the template refuses the conversation, leaves out what it does not know, or reads
 *   control-token strings in it
 */
export function renderConversation(
  template: ChatTemplate,
  control: ControlTokens,
  conversation: Conversation,
): RenderedText {
  const { messages } = conversation;
  const fail = (received: string): never => {
    throw new ArgumentError('messages', {
      where: 'renderChat',
      expected: 'messages that the chat template accepts',
      received: `${messages.map(({ role }) => role).join(', ')}: ${received}`,
    });
  };
  const told: unknown[] = [conversation.arguments, ...messages];
  const texts = told.flatMap(strings);
  const shield = new Shield(control, [...texts, template.source]);
  const size = { messages: messages.length, characters: texts.reduce((sum, text) => sum + text.length, 0) };
  const render = (cover: (text: string) => string): string => {
    try {
      return template.render(variables(conversation, cover), size, {
        now: conversation.now,
        standIns: shield,
      });
    } catch (error) {
      if (error instanceof TemplateError) return fail(error.message);
      throw error;
    }
  };
  const covered = render((text) => shield.cover(text));
  if (shield.covers && shield.uncover(covered) !== render((text) => text)) {
    fail('the template reads a string in them that is a control token, which text never becomes here');
  }
  const pieces = control.split(covered);
  const exact = rendered(pieces.map((piece) => ({ ...piece, text: shield.uncover(piece.text) })));
  const fault = omission(messages, exact.text);
  if (fault !== undefined) fail(fault);
  return exact;
}

/** Words are names, roles, types, settings: templates compare them, and write control tokens of them themselves. */
const WORD = /^\w*$/;

function variables(
  { messages, addGenerationPrompt, tokens, arguments: given }: Conversation,
  cover: (text: string) => string,
): Map<string, Value> {
  const name = (text: string): string => (WORD.test(text) ? text : cover(text));
  /** @param texts of the fields whose strings are texts, not words */
  const dict = (fields: object, texts: (key: string, value: unknown) => Value | undefined): Dict =>
    new Dict(
      Object.entries(fields).map(([key, value]) => [
        name(key),
        present(texts(key, value), () => fromJs(value, name)),
      ]),
    );
  const part = (fields: object): Dict =>
    dict(fields, (key, value) => (key === 'text' ? fromJs(value, cover) : undefined));
  const message = (fields: object): Dict =>
    dict(fields, (key, value) => {
      if (key !== 'content') return undefined;
      return Array.isArray(value) ? (value as object[]).map(part) : fromJs(value, cover);
    });
  const { tools, ...rest } = given;
  return new Map<string, Value>([
    ['documents', null],
    ...Object.entries(tokens),
    ...Object.entries(rest).map(([key, value]): [string, Value] => [key, fromJs(value ?? null, name)]),
    ['tools', tools === undefined || tools === null || tools.length === 0 ? null : fromJs(tools, name)],
    ['messages', messages.map((one) => message(withoutNull(one)))],
    ['add_generation_prompt', addGenerationPrompt],
  ]);
}

/** Names of a message's reasoning: transformers fills the first from the others, and `thinking` from any. */
const REASONING = ['reasoning_content', 'thinking', 'reasoning'];

/** A message as transformers hands it on: fields that are null are absent. */
function withoutNull(message: Message): object {
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(message).filter(([, value]) => value !== null && value !== undefined),
  );
  const reasoning = REASONING.map((key) => fields[key]).find((value) => value !== undefined);
  return reasoning === undefined ? fields : { thinking: reasoning, ...fields, reasoning_content: reasoning };
}

/** Roles that not every template knows; one that does not may leave the message out without a word. */
const UNCOMMON = ['tool', 'developer'];

/** What of a conversation is missing in its rendering, or was printed as Python's data. */
function omission(messages: readonly Message[], text: string): string | undefined {
  for (const message of messages) {
    const { role, content } = message;
    const said = messageText(message).trim();
    // Some templates show what a tool says as a JSON string.
    const isShown = text.includes(said) || text.includes(JSON.stringify(said).slice(1, -1));
    if (UNCOMMON.includes(role) && !isShown) {
      return `role: the template leaves out what the ${role} says`;
    }
    if (Array.isArray(content) && content.length > 0 && text.includes(str(fromJs(content)))) {
      return 'content: the template prints a list of parts, and does not read it';
    }
    const { tool_calls: calls } = message as { tool_calls?: unknown };
    for (const call of Array.isArray(calls) ? (calls as unknown[]) : []) {
      const { name } = (call as { function?: { name?: unknown } } | null)?.function ?? {};
      if (typeof name === 'string' && !text.includes(name)) {
        return `tool_calls: the template leaves out the call of ${name}`;
      }
    }
  }
  return undefined;
}

/** Every string in what a template is told, keys among them. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  if (typeof value !== 'object' || value === null) return [];
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.flatMap(([key, inner]) => [key, ...strings(inner)]);
}
