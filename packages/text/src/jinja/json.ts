// transformers' tojson: json.dumps with ensure_ascii off.
import { bind, textOf, wholeOf } from './args.js';
import { asText, sorted } from './compare.js';
import { TemplateError } from './errors.js';
import { floatText } from './printing.js';
import type { Runtime } from './runtime.js';
import { Dict, Tuple, isTrue, iterate, typeName, type Args, type Value } from './values.js';

export const WIDEST_INDENT = 1000;
const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

interface Style {
  indent?: string;
  items: string;
  colon: string;
  sortKeys: boolean;
  ascii: boolean;
}

/** json.dumps(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False). */
export function toJson(value: Value, args: Args, runtime: Runtime): string {
  const [ascii, indent = null, separators = null, sortKeys] = bind('tojson', args, [
    'ensure_ascii',
    'indent',
    'separators',
    'sort_keys',
  ]);
  let [items, colon] = [indent === null ? ', ' : ',', ': '];
  if (separators !== null) [items, colon] = [...iterate(separators)].map(textOf);
  if (colon === undefined) throw new TemplateError('not enough values to unpack (expected 2, got 1)');
  const style: Style = {
    indent: indent === null ? undefined : indentOf(indent),
    items,
    colon,
    sortKeys: sortKeys !== undefined && isTrue(sortKeys),
    ascii: ascii !== undefined && isTrue(ascii),
  };
  return runtime.nested(() => written(value, style, '\n', runtime));
}

function indentOf(indent: Value): string {
  const text = asText(indent);
  const width = text === undefined ? wholeOf(indent, 0) : text.length;
  if (width > WIDEST_INDENT) throw new TemplateError(`tojson indents by at most ${WIDEST_INDENT}`);
  return text ?? ' '.repeat(Math.max(0, width));
}

function written(value: Value, style: Style, newline: string, runtime: Runtime): string {
  runtime.spend(1);
  const text = asText(value);
  if (text !== undefined) return quoted(text, style.ascii);
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return jsonFloat(value);
  const deeper = style.indent === undefined ? newline : newline + style.indent;
  const inner = (part: Value): string => runtime.nested(() => written(part, style, deeper, runtime));
  const wrap = (open: string, parts: string[], close: string): string => {
    if (parts.length === 0) return open + close;
    if (style.indent === undefined) return open + parts.join(style.items) + close;
    runtime.reserve(parts.length * deeper.length);
    return open + deeper + parts.join(style.items + deeper) + newline + close;
  };
  if (Array.isArray(value)) return wrap('[', value.map(inner), ']');
  if (value instanceof Tuple) return wrap('[', value.items.map(inner), ']');
  if (value instanceof Dict) {
    const keys = style.sortKeys ? sorted(value.keys(), (key) => key, false) : value.keys();
    const pair = (key: Value): string =>
      quoted(keyText(key), style.ascii) + style.colon + inner(value.get(key)!);
    return wrap('{', keys.map(pair), '}');
  }
  throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function keyText(key: Value): string {
  const text = asText(key);
  if (text !== undefined) return text;
  if (key === null) return 'null';
  if (typeof key === 'number') return jsonFloat(key);
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  throw new TemplateError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return floatText(value);
  return value < 0 ? '-Infinity' : 'Infinity';
}

const CONTROL = /["\\\x00-\x1f]/g; // eslint-disable-line no-control-regex
const NOT_ASCII = /[^\x20-\x7e]/g;

function quoted(text: string, ascii: boolean): string {
  const unit = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const escaped = text.replace(CONTROL, (c) => ESCAPES[c] ?? unit(c));
  return `"${ascii ? escaped.replace(NOT_ASCII, (c) => (c === '\x7f' ? c : unit(c))) : escaped}"`;
}
