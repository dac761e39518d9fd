import { exactJson } from '@selfjudge/text/internal';
import { withoutNonFinite } from './json.js';

/** Columns that a chat template shows as JSON, and columns of messages, which may have calls of tools. */
const SHOWN = ['tools', 'documents', 'chat_template_kwargs'];
const MESSAGES = ['messages', 'prompt', 'chosen', 'rejected', 'completion', 'a', 'b'];

const IS_SHOWN = /"(?:tools|documents|chat_template_kwargs|tool_calls)"/;
/** A number or key that JSON.parse changes. */
const CHANGED = /\d\.0*(?![1-9])|\d[eE]|\d{16}|"\d+"\s*:/;

type Row = Record<string, unknown>;

/**
 * A row whose template columns hold numbers and the order of keys as its line writes them, where JavaScript would show
 * others: a chat template prints `1.0`, not `1`.
 * @param line the JSON that `row` was read of
 */
export function withExactColumns(row: Row, line: string): Row {
  if (!IS_SHOWN.test(line) || !CHANGED.test(line)) return row;
  const exact = exactJson(withoutNonFinite(line)) as Row;
  const columns = SHOWN.filter((name) => name in row).map((name) => [name, exact[name]]);
  const messages = MESSAGES.flatMap((name) => {
    const [list, other] = [row[name], exact[name]];
    return Array.isArray(list) && Array.isArray(other)
      ? [[name, list.map((one, i) => withCalls(one, other[i]))]]
      : [];
  });
  return { ...row, ...(Object.fromEntries([...columns, ...messages]) as Row) };
}

function withCalls(message: unknown, exact: unknown): unknown {
  const isCalling = typeof message === 'object' && message !== null && 'tool_calls' in message;
  return isCalling ? { ...message, tool_calls: (exact as Row).tool_calls } : message;
}
