import { parseJson } from './json.js';

/** Columns of numbers, true and false; a cell that is none of these stays text. */
const VALUES = new Set(
  (
    'label margin winner preference turn annotator1 annotator2 annotator3 winner_model_a winner_model_b winner_tie ' +
    'num_correct num_incorrect total_completions'
  ).split(' '),
);
/** Columns of lists and objects. Those of templates are text here as anywhere: they are read as JSON later, exactly. */
const NESTED = new Set(
  'messages completions labels rationales conversations conversation_a conversation_b targets turns'.split(
    ' ',
  ),
);
/** Columns of text that may be a list of messages instead. */
const TEXTS = new Set(['prompt', 'chosen', 'rejected', 'completion', 'a', 'b']);

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const TRUTH = /^(true|false)$/i;

/**
 * A cell of CSV as the JSON that stands for it. The column says what a cell may be, never the cells of other rows: a prompt
 * that is a number, or a list that is not of messages, stays the text that it is.
 */
export function columnJson(name: string, text: string, quoted: boolean): string {
  if (text === '' && !quoted) return 'null';
  if (VALUES.has(name) && NUMBER.test(text)) return text;
  if (VALUES.has(name) && TRUTH.test(text)) return text.toLowerCase();
  if (NESTED.has(name) && /^\s*[[{]/.test(text) && parsed(text) !== undefined) return text;
  if (TEXTS.has(name) && /^\s*\[\s*\{/.test(text) && isMessages(parsed(text))) return text;
  return JSON.stringify(text);
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const isMessages = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((message: unknown) => typeof (message as { role?: unknown } | null)?.role === 'string');
