import type { TemplateArguments } from '@selfjudge/text';
import { exactJson, templateArgumentsFault } from '@selfjudge/text/internal';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import { argumentsOf, columnOf, isStandard, messagesOf, type Text } from './text.js';

/** Columns that the chat template is told of: TRL's `tools` and `chat_template_kwargs`, and transformers' `documents`. */
const LISTS = ['tools', 'documents'] as const;

/**
 * What a row tells the chat template beside its messages. A column may be JSON text, as TRL takes `tools`; what
 * `chat_template_kwargs` says goes before the other two.
 * @returns value undefined for a row without these columns
 */
export function readTemplateColumns(
  row: Readonly<Record<string, unknown>>,
): Outcome<TemplateArguments | undefined> {
  const told: TemplateArguments = {};
  for (const name of [...LISTS, 'chat_template_kwargs'] as const) {
    const column = fromText(row[name]);
    if (column === undefined || column === null) continue;
    const given = name === 'chat_template_kwargs' ? column : { [name]: column };
    const fault = templateArgumentsFault(given);
    if (fault !== undefined) {
      return problem('unknown-shape', name === 'chat_template_kwargs' ? `${name}: ${fault}` : fault);
    }
    Object.assign(told, given);
  }
  return { value: Object.keys(told).length > 0 ? told : undefined };
}

/** JSON text as what it says; other text as it stands, to be refused by name. */
function fromText(column: unknown): unknown {
  if (typeof column !== 'string') return column;
  try {
    return exactJson(column);
  } catch {
    return column;
  }
}

/**
 * A prompt with what its row tells the chat template. Text as it stands goes through none: it keeps only the names of
 * the columns that say something to no one.
 */
export function withArguments(prompt: Text, told: TemplateArguments | undefined): Text {
  if (told === undefined) return prompt;
  if (isStandard(prompt)) {
    const unread = columnsOf(told);
    return unread.length === 0 ? prompt : { text: prompt.text, unread };
  }
  return { messages: messagesOf(prompt), templateArguments: { ...argumentsOf(prompt), ...told } };
}

/** The columns of a prompt that a chat template alone reads, whether one is there to read them or not. */
export const templateColumnsOf = (prompt: Text): readonly string[] =>
  isStandard(prompt) ? (prompt.unread ?? []) : columnsOf(argumentsOf(prompt) ?? {});

/** The columns that arguments came in; null and an empty list say nothing. */
function columnsOf(told: TemplateArguments): string[] {
  const names = Object.entries(told).flatMap(([name, value]) => {
    const isEmpty = value === null || value === undefined || (Array.isArray(value) && value.length === 0);
    if (name !== 'tools' && name !== 'documents') return ['chat_template_kwargs'];
    return isEmpty ? [] : [name];
  });
  return [...new Set(names)];
}

/** A prompt as the columns of a row. */
export function promptColumns(prompt: Text): Record<string, unknown> {
  const told = argumentsOf(prompt);
  if (told === undefined) return { prompt: columnOf(prompt) };
  const { tools, documents, ...rest } = told;
  return {
    prompt: messagesOf(prompt),
    ...(tools !== undefined && { tools }),
    ...(documents !== undefined && { documents }),
    ...(Object.keys(rest).length > 0 && { chat_template_kwargs: rest }),
  };
}
